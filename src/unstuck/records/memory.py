"""The family ``memory``: large files that were mapped or read, and large arrays held in memory."""

from typing import TypedDict

from unstuck.records.finding import Place


class File(TypedDict):
    """A data file of at least 64 MB. ``mapped``: it is mapped, so that only pages in use take memory."""

    path: str
    size: int
    mapped: bool
    wanted_mapped: bool
    place: Place | None


class Held(TypedDict):
    """A large array or tensor. ``mapped``: its numbers lie in a mapped file."""

    name: str
    size: int
    entries: int
    mapped: bool
    place: Place | None


class Memory(TypedDict):
    """``anonymous`` is memory that no file backs (RssAnon), now and at the start, in bytes."""

    anonymous: int
    anonymous_at_start: int
    total: int
    workers: int
    files: list[File]
    held: list[Held]
