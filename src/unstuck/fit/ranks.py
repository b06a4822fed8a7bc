"""Which of several processes this is; commands ask before the large libraries are there."""

import os


def is_main() -> bool:
    """Whether this process prints and writes: of those that ``torchrun`` starts, the first."""
    return os.environ.get("RANK", "0") == "0"
