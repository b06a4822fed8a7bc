"""The run held at its first training forward, as often as one likes.

A fork of the script's process waits there, everything in it as it was at that moment: model, optimizer,
data, random states, the frames of the script themselves. For each replay it forks again, and that
process returns into the script, which goes on as if nothing had happened. So a replay is the person's own
loop, whatever it does, and neither the run nor its files know of it.

    script ── fork ── (waits) ── fork ── replay 1
                              └─ fork ── replay 2 ...
"""

import contextlib
import ctypes
import json
import os
import re
import select
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstuck.trials import isolation

_MESSAGE = 65536


@dataclass(frozen=True)
class Order:
    """What one replay is to do; ``results`` is the file to which it writes lines of JSON."""

    words: dict[str, Any]
    results: int


class Branch:
    """The waiting process, as the script's own process sees it."""

    patience = 20.0

    def __init__(self, commands: socket.socket) -> None:
        self._commands = commands

    def replay(self, words: dict[str, Any]) -> int:
        """Start a replay; the file from which its results are to be read.

        Raises:
            OSError: the waiting process is gone.
        """
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._commands, [json.dumps(words).encode()], [writing])
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return reading

    def end(self) -> None:
        """Let the waiting process go, and every replay with it."""
        self._commands.close()


def grow() -> Branch | Order:
    """Fork here. The script's process gets the branch; each replay, later, returns with its order.

    Raises:
        OSError: the system refuses to fork.
    """
    known = isolation.positions()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    script = os.getpid()
    release_threads()
    with _unnoticed_children():
        middle = os.fork()
        if middle:
            theirs.close()
            os.waitpid(middle, 0)
            ours.recv(1)  # what is shared must not move before the other has its copy
            return Branch(ours)
    returning = False
    try:
        # Not a child of the script, which may wait for its children, or count them.
        if os.fork() == 0:
            ours.close()
            order = _wait(theirs, script, known)
            returning = True
            return order
    finally:
        if not returning:
            os._exit(0)
    raise AssertionError("not reached")


def _wait(commands: socket.socket, script: int, known: dict[int, int]) -> Order:
    """Wait for orders, as long as the script's process lives; returns in each replay."""
    watched = os.pidfd_open(script)
    isolation.isolate_files(known, (commands.fileno(), watched))
    isolation.make_memory_private(isolation.shared_memory())
    commands.send(b"!")
    here = {file: at for file, at in known.items() if file not in (commands.fileno(), watched)}
    handler = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended replays vanish by themselves
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the script, which ends us
    for number in (signal.SIGTERM, signal.SIGHUP):  # no handler of the script runs here
        signal.signal(number, signal.SIG_DFL)
    waiting = os.getpid()
    while True:
        ready, _, _ = select.select([commands.fileno(), watched], [], [])
        message, files, _, _ = (
            (b"", [], 0, None) if watched in ready else socket.recv_fds(commands, _MESSAGE, 1)
        )
        if not message:
            os._exit(0)
        if os.fork() == 0:
            isolation.end_with_parent(waiting)
            commands.close()
            os.close(watched)
            signal.signal(signal.SIGCHLD, handler if callable(handler) else signal.SIG_DFL)
            isolation.isolate(here, files)
            return Order(json.loads(message), files[0])
        os.close(files[0])


def unable() -> str | None:
    """Why a process like this one cannot be held and replayed; None if it can."""
    if not hasattr(os, "fork") or not hasattr(os, "pidfd_open") or not Path("/proc/self").exists():
        return "replays need Linux"
    shared = sum(size for _, size in isolation.shared_memory())
    if shared > isolation.SHARED_LIMIT:
        return f"the script shares {shared / 2**30:.1f} GiB of memory with other processes"
    return None


def release_threads() -> None:
    """Let OpenMP's threads go; they are made again when they are needed.

    A fork has only the thread that forked, and GNU's OpenMP would wait for the others for ever.
    """
    maps = Path("/proc/self/maps").read_text()
    for library in sorted(set(re.findall(r"(/\S*lib(?:gomp|iomp5|omp)\S*)", maps))):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(library).omp_pause_resource_all(1)  # omp_pause_soft, OpenMP 5.0, 3.2.44


@contextlib.contextmanager
def _unnoticed_children() -> Any:
    """No handler of the script hears of the child that only forks once more."""
    if not callable(signal.getsignal(signal.SIGCHLD)):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    try:
        yield
        signal.sigtimedwait([signal.SIGCHLD], 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
