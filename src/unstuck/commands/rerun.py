"""The process of a replay that starts the script again; ``trials.rerun`` runs it, nobody else.

python -m unstuck.commands.rerun FILE WORDS [-m] SCRIPT [ARGS...]
"""

import json
import os
import sys

from unstuck.observe import launch
from unstuck.observe.arming import after_torch
from unstuck.observe.watching import Watcher
from unstuck.trials import isolation
from unstuck.trials.branch import Order


def main(words: list[str]) -> None:
    """Run the script up to the last step of the replay, within walls."""
    isolation.end_with_parent(os.getppid())
    order = Order(json.loads(words[1]), int(words[0]))
    is_module = words[2] == "-m"
    target = launch.parse(words[3:] if is_module else words[2:], is_module)
    start = launch.prepare(target)
    watcher = Watcher("replay", target.command, companions=lambda: [_snapshot(order)])
    scratch = isolation.confine()

    def torch_is_there() -> None:
        scratch.attach_torch()
        watcher.attach()

    after_torch(torch_is_there)
    start()


def _snapshot(order: Order) -> object:
    from unstuck.trials.snapshot import Snapshot

    return Snapshot(order)


if __name__ == "__main__":
    main(sys.argv[1:])
