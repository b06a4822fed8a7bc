"""The only place that writes files: whole or not at all."""

import os
from pathlib import Path

from unstuck.errors import ReportNotWritten

# As a report's file: standard output.
STDOUT = Path("-")
_HINT = "name a file in a folder that exists and can be written"


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write the text so that a reader sees the old file or the new one, never half of one.

    A temporary file in the same folder is renamed over the target. ``durable`` also waits for the
    disk, which survives a power cut; without it a killed process still leaves a whole file.

    Raises:
        OSError: the text could not be written; the old file is intact.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"), durable=durable)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """As ``write_text``.

    Raises:
        OSError: the content could not be written; the old file is intact.
    """
    temporary = path.with_name(f".{path.name[:40]}.{os.urandom(4).hex()}")
    # Not by tempfile, whose 0600 would have to be widened without knowing the person's umask.
    stream = temporary.open("xb")
    try:
        with stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_report(path: Path, text: str) -> None:
    """Write a report where the person asked for it; a link stays, and its target is written.

    Raises:
        ReportNotWritten: with the reason, when it cannot be written there.
    """
    try:
        if _is_special(path):
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        else:
            write_text(_real(path), text)
    except OSError as error:
        raise ReportNotWritten(f"cannot write {path}: {_reason(error)}", _HINT) from error


def refuse_unwritable(path: Path) -> None:
    """Say no to a report's file that cannot be written, before the work for it begins.

    Raises:
        ReportNotWritten: with the reason.
    """
    obstacle = _obstacle(path)
    if obstacle:
        raise ReportNotWritten(f"cannot write {path}: {obstacle}", _HINT)


def _obstacle(path: Path) -> str:
    try:
        if path.is_dir():
            return "it is a folder"
        needed = path if _is_special(path) else _real(path).parent
        if needed != path and not needed.is_dir():
            return "there is no such folder"
    except OSError as error:
        return _reason(error)
    return "" if os.access(needed, os.W_OK) else "no permission"


def _real(path: Path) -> Path:
    """Where links lead; of a loop of links the path itself, where Path.resolve raises."""
    return Path(os.path.realpath(path))


def _is_special(path: Path) -> bool:
    """A device or pipe such as /dev/stdout: written through, never replaced by a file."""
    return path.exists() and not path.is_file()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
