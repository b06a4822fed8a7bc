"""``python -m unstuck`` is the same command as ``unstuck``."""

import sys

from unstuck.cli import main

sys.exit(main())
