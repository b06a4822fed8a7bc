"""What keeps a forked process from touching anything outside of itself.

Five walls: open files are reopened for reading or replaced by nothing (a fork shares their positions),
memory shared with other processes becomes private, files are written in memory (``scratch``), the kernel
refuses all other writing, signals and connections (Landlock, Linux 5.13 and later), and the process ends
with the one that started it.
"""

import ctypes
import fcntl
import os
import re
import stat
import struct
import sys
from collections.abc import Collection
from pathlib import Path

from unstuck.trials.scratch import Scratch

SHARED_LIMIT = 2**30
"""Bytes of memory shared with other processes that are copied at most."""
_KILLED_WITH_PARENT, _NO_NEW_RIGHTS = 1, 38  # prctl(2)
_CREATE_RULES, _ADD_RULE, _RESTRICT = 444, 445, 446  # landlock(7), the same on all architectures
_WRITE, _TRUNCATE = 0x2, 0x4000
_PROT, _PRIVATE_FIXED_ANONYMOUS = 0x1 | 0x2, 0x02 | 0x10 | 0x20


def positions() -> dict[int, int]:
    """Where each open regular file stands. Asked before a fork; afterwards the parent moves on."""
    found = {}
    for file in _open_files():
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                found[file] = os.lseek(file, 0, os.SEEK_CUR)
        except OSError:
            continue
    return found


def isolate_files(known: dict[int, int], keep: Collection[int]) -> None:
    """Give every open file a position of its own, for reading only; close the way to all others."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in _open_files():
        if file in keep or file == nothing:
            continue
        try:
            kind = os.fstat(file).st_mode
        except OSError:  # the list itself
            continue
        mode = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE
        try:
            if file in known and mode != os.O_WRONLY:
                own = _reopened(file, writing=mode == os.O_RDWR)
                os.lseek(own, known[file], os.SEEK_SET)
                os.dup2(own, file)
                os.close(own)
            elif not stat.S_ISDIR(kind):
                os.dup2(nothing, file)
        except OSError:
            os.dup2(nothing, file)
    os.close(nothing)


def _reopened(file: int, *, writing: bool) -> int:
    """The same file with a position of its own; where it may be written, a copy in memory."""
    own = os.open(f"/proc/self/fd/{file}", os.O_RDONLY)
    if not writing:
        return own
    copy = os.memfd_create("replay")
    while os.sendfile(copy, own, None, 2**24):
        pass
    os.close(own)
    return copy


def _open_files() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208


def shared_memory() -> list[tuple[int, int]]:
    """Address and size of every writable mapping that other processes see."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw-s \S+ \S+ \d+\s*(.*)", line)
        if match and not match[3].startswith("/dev/nvidia"):
            start, end = int(match[1], 16), int(match[2], 16)
            found.append((start, end - start))
    return found


def make_memory_private(mappings: list[tuple[int, int]]) -> None:
    """Put a private copy in the place of each mapping.

    Raises:
        OSError: the system refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    number, word = ctypes.c_int, ctypes.c_long
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, number, number, number, word]
    for start, size in mappings:
        contents = ctypes.string_at(start, size)
        placed = libc.mmap(start, size, _PROT, _PRIVATE_FIXED_ANONYMOUS, -1, 0)
        if placed != start:
            raise OSError(ctypes.get_errno(), "shared memory cannot be made private")
        ctypes.memmove(start, contents, size)


def wall_in() -> bool:
    """Refuse, in the kernel, to write or remove files, to connect, and to signal others.

    Whether the kernel can; threads and processes begun from here on inherit it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULES, None, 0, 1)
    if version < 1:
        return False
    # Bits of linux/landlock.h: everything but executing and reading, as far as the version knows.
    own = _WRITE | (_TRUNCATE if version >= 3 else 0)
    files = own | 0x1FF0 | (0x2000 if version >= 2 else 0)
    connections = 0x3 if version >= 4 else 0
    scopes = 0x3 if version >= 6 else 0
    rules = struct.pack("QQQ", files, connections, scopes)
    size = 8 if version < 4 else 16 if version < 6 else 24
    handle = libc.syscall(_CREATE_RULES, rules, size, 0)
    for device in _devices():
        place = os.open(device, os.O_PATH)
        libc.syscall(_ADD_RULE, handle, 1, struct.pack("=Qi", own, place), 0)
        os.close(place)
    libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0)
    done = handle >= 0 and libc.syscall(_RESTRICT, handle, 0) == 0
    if handle >= 0:
        os.close(handle)
    return bool(done)


def _devices() -> list[str]:
    """What may be written: nothing is kept there."""
    names = ("null", "zero", "full", "random", "urandom")
    found = [f"/dev/{name}" for name in names] + [str(p) for p in Path("/dev").glob("nvidia*")]
    return [name for name in found if os.path.exists(name)]  # noqa: PTH110


def end_with_parent(parent: int) -> None:
    """Be killed when the process that started this one ends, even if it has ended already."""
    ctypes.CDLL(None).prctl(_KILLED_WITH_PARENT, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def silence_trackers() -> None:
    """Experiment trackers hand their lines to threads and services, which a fork does not have."""
    writer = sys.modules.get("tensorboard.summary.writer.event_file_writer")
    if writer is not None:
        writer._AsyncWriter.write = lambda *_: None
        writer._AsyncWriter.flush = lambda *_: None
    for module, name in (("wandb.sdk.wandb_run", "Run"), ("mlflow", "")):
        owner = sys.modules.get(module)
        owner = getattr(owner, name, None) if name else owner
        for method in ("log", "log_metric", "log_metrics", "log_artifact", "save"):
            if hasattr(owner, method):
                setattr(owner, method, lambda *_, **__: None)


def isolate(known: dict[int, int], keep: Collection[int]) -> None:
    """All walls, for a forked process in which the script goes on.

    Raises:
        OSError: a wall could not be put up.
    """
    isolate_files(known, keep)
    make_memory_private(shared_memory())
    silence_trackers()
    confine().attach_torch()


def confine() -> Scratch:
    """The walls of a process that shares nothing yet; what writes files of torch is still to be told."""
    scratch = Scratch()
    scratch.attach()
    if not wall_in():
        _watch_python()
    return scratch


def _watch_python() -> None:
    """Where the kernel cannot, at least Python refuses; what is written in C is not seen."""
    forbidden = (
        "socket.connect",
        "subprocess.Popen",
        "os.system",
        "os.kill",
        "os.exec",
        "os.truncate",
    )

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in forbidden:
            raise PermissionError(f"a replay may not: {event}")

    sys.addaudithook(watch)
