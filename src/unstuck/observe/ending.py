"""End the process at once, as a kill would, but with its output flushed and its children gone."""

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from unstuck.observe import guard

_KEPT = (b"resource_tracker", b"forkserver")


def end_process(code: int) -> NoReturn:
    """Leave now. No ``finally``, ``except`` or ``atexit`` of the script runs."""
    try:
        _defy_signals()
        end_children()
        fence = guard.Guard()
        # The script may have put streams of its own, with any bug, in front of Python's.
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                fence.run("output", stream.flush)
    finally:
        os._exit(code)


def _defy_signals() -> None:
    """No signal handler of the script runs any more; what asks the process to end still ends it.

    The death of a loader's worker is told to its parent by SIGCHLD, for which torch has a handler
    that raises; an alarm of the script may be due as well.
    """
    # Only the main thread may, and handlers run nowhere else.
    if threading.current_thread() is threading.main_thread():
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                ends = number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
                signal.signal(number, signal.SIG_DFL if ends else signal.SIG_IGN)


def end_children() -> None:
    """Kill child processes (loader workers). Python's resource tracker cleans up and ends itself."""
    for child in _children():
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)


def _children() -> list[int]:
    """Children and theirs, from /proc; on other systems the children of multiprocessing."""
    if not Path("/proc/self/task").is_dir():
        import multiprocessing

        return [child.pid for child in multiprocessing.active_children() if child.pid]
    # By kind of the direct children only: a worker of the fork server has the server's name.
    direct = _children_of(os.getpid())
    found = list(direct)
    for process in found:  # grows while it is walked
        found += _children_of(process)
    return [child for child in found if not (child in direct and _is_kept(child))]


def _children_of(process: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def _is_kept(child: int) -> bool:
    try:
        command = Path(f"/proc/{child}/cmdline").read_bytes()
    except OSError:
        return False
    return any(word in command for word in _KEPT)
