"""What this process has mapped, as ``/proc`` tells; nothing where there is no ``/proc``."""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

_SELF = Path("/proc/self")


@dataclass(frozen=True)
class Mapping:
    """A range of addresses; ``path`` is empty for memory that no file backs."""

    begin: int
    end: int
    path: str


class Mappings:
    """The mappings at one moment."""

    def __init__(self, text: str) -> None:
        self._all = sorted((_mapping(line) for line in text.splitlines()), key=lambda m: m.begin)
        self._begins = [mapping.begin for mapping in self._all]

    @classmethod
    def now(cls) -> "Mappings":
        """Those of this process."""
        return cls(_read("maps"))

    def at(self, address: int) -> str | None:
        """The file behind an address, empty for none; None if the address is not mapped."""
        place = bisect_right(self._begins, address) - 1
        if place < 0 or address >= self._all[place].end:
            return None
        return self._all[place].path

    def files(self, least: int) -> list[str]:
        """Files of which so many bytes are mapped."""
        sizes: dict[str, int] = {}
        for mapping in self._all:
            if mapping.path:
                sizes[mapping.path] = sizes.get(mapping.path, 0) + mapping.end - mapping.begin
        return [path for path, size in sizes.items() if size >= least]


def anonymous() -> int:
    """Bytes of memory in use that no file backs; 0 where the system does not tell."""
    for line in _read("status").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def total() -> int:
    """Bytes of memory that this process may use: the machine's, or less where its group has a limit."""
    limits = [_number(Path("/sys/fs/cgroup/memory.max"))]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:")]
    return min((limit for limit in limits if limit), default=0)


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return 0


def _read(name: str) -> str:
    try:
        return (_SELF / name).read_text(errors="replace")
    except OSError:
        return ""


def _mapping(line: str) -> Mapping:
    addresses, *_, path = [*line.split(maxsplit=5), ""][:6]
    begin, _, end = addresses.partition("-")
    named = path if path.startswith("/") and not path.startswith("/dev/") else ""
    return Mapping(int(begin, 16), int(end, 16), named.removesuffix(" (deleted)"))
