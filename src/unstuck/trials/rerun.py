"""Replays by starting the script again: slower, and for runs that cannot be held (a GPU, other systems)."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ENTRY = "unstuck.commands.rerun"
"""The module that a replay's process runs: it watches the script as ``check`` does."""


@dataclass
class Rerun:
    """A source of replays. ``script``: the words of the command line, ``-m`` included."""

    script: Sequence[str]
    patience = math.inf  # how long the script takes to its first step is not known
    _started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def replay(self, words: dict[str, Any]) -> int:
        """Start the script again; the file from which its results are to be read."""
        reading, writing = os.pipe()
        self._started = [each for each in self._started if each.poll() is None]
        try:
            command = [sys.executable, "-m", ENTRY, str(writing), json.dumps(words), *self.script]
            nothing = subprocess.DEVNULL
            self._started.append(
                subprocess.Popen(
                    command, pass_fds=[writing], stdin=nothing, stdout=nothing, stderr=nothing
                )
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return reading

    def end(self) -> None:
        """End what is still running."""
        for each in self._started:
            each.kill()
            each.wait()
