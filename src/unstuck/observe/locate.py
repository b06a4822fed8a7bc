"""From the running stack to a line of the person's code, and to the names they gave."""

import ast
import inspect
import linecache
import re
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from unstuck.records.finding import Place

_OURS = str(Path(__file__).resolve().parent.parent)
# The file name given to our wrappers: python's warnings pass over it (see signals._unseen).
UNSEEN = "<unstuck, like importlib._bootstrap>"
_LIBRARIES = tuple(
    {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
)


@cache
def _is_library(code: CodeType) -> bool:
    """Whether the code is ours, torch's, installed, of the standard library, or has no file."""
    name = code.co_filename
    return name.startswith((_OURS, "<", *_LIBRARIES)) or "/site-packages/" in name


def person_frame(depth: int = 1) -> FrameType | None:
    """The nearest frame of the person's own code; None when there is none on this stack."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None and _is_library(frame.f_code):
        frame = frame.f_back
    return frame


def person_lines(frame: FrameType | None, most: int = 3) -> tuple[tuple[str, int], ...]:
    """The newest lines of the person's code on the stack, this frame's first."""
    lines: list[tuple[str, int]] = []
    while frame is not None and len(lines) < most:
        if not _is_library(frame.f_code):
            lines.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(lines)


def place_of(frame: FrameType | None) -> Place | None:
    """File, line and code of a frame."""
    return None if frame is None else place(frame.f_code.co_filename, frame.f_lineno)


def place(file: str, line: int) -> Place:
    """A place with its line of code, read from the file.

    The file is named relative to the current folder where that is shorter to read. A comment for us
    on another line of the same statement stands behind the code.
    """
    code = linecache.getline(file, line).strip()[:300]
    comment = _comments(file).get(line, "")
    if comment not in code:
        code = f"{code}  {comment}"
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(_START):
        file = str(path.relative_to(_START))
    return {"file": file, "line": line, "code": code}


_START = Path.cwd()
_COMMENT = re.compile(r"#\s*unstuck:\s*ignore.*")


@cache
def _comments(file: str) -> dict[int, str]:
    """Line -> the comment for us on any line of the innermost statement that it belongs to."""
    lines = linecache.getlines(file)
    matches = {number: _COMMENT.search(text) for number, text in enumerate(lines, 1)}
    written = {number: match.group()[:200] for number, match in matches.items() if match}
    found = dict(written)
    # Outermost first, so that the innermost statement of a line has the last word.
    for node in ast.walk(_tree(file)) if written else ():
        if isinstance(node, ast.stmt):
            reach = _own_lines(node)
            comment = next((written[number] for number in reach if number in written), "")
            found.update((number, written.get(number, comment)) for number in reach)
    return found


def _own_lines(statement: ast.stmt) -> range:
    """Its lines; of one that holds others, those of its head."""
    body = getattr(statement, "body", None)
    if body:
        return range(statement.lineno, max(body[0].lineno, statement.lineno + 1))
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def variable_name(value: Any, frame: FrameType | None) -> str:
    """What the person calls a value: ``net``, ``self.model``; else the name of its class."""
    while frame is not None:
        if not _is_library(frame.f_code):
            found = _name_in(value, frame)
            if found:
                return found
        frame = frame.f_back
    return type(value).__name__


def local_names(frame: FrameType) -> dict[str, Any]:
    """What the frame's variables hold, with nothing kept alive by the asking.

    Before Python 3.13 ``f_locals`` is a copy that stays in the frame: what the script deletes later
    would live on in there. It is emptied, unless somebody else holds it (``locals()`` is the same).
    """
    space = frame.f_locals
    found = dict(space)
    is_copy = sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED
    # Held by the frame, by the name here, and by the call that counts.
    if is_copy and sys.getrefcount(space) <= 3:
        space.clear()
    return found


def _name_in(value: Any, frame: FrameType) -> str | None:
    local = local_names(frame)
    for space in (local, frame.f_globals):
        named = [(n, held) for n, held in list(space.items()) if not n.startswith("_")]
        for name, held in named:
            if held is value and name != "self":
                return name
        for name, held in named:
            inner = _child_name(value, held)
            if inner:
                return f"{name}.{inner}"
    owner = local.get("self")
    for name, held in list(getattr(owner, "__dict__", {}).items()):
        if held is value:
            return f"self.{name}"
    # torch modules keep their children in a dict of their own.
    children = getattr(owner, "__dict__", {}).get("_modules") or {}
    return next((f"self.{name}" for name, held in children.items() if held is value), None)


def _child_name(value: Any, owner: Any) -> str | None:
    """The path from a module to one of its parts, which the script may call by itself."""
    walk = getattr(type(owner), "named_modules", None)
    if walk is None:
        return None
    return next((path for path, inner in walk(owner) if inner is value and path), None)


def hidden(owner: Any, name: str, wanted: Any) -> tuple[str, Place | None] | None:
    """Name and line of a parameter in a plain list or dict of a module, where torch is blind.

    ``net.blocks[2].weight`` for ``net.blocks = [Linear(...), ...]``, and the line of that.
    """
    if owner is None:
        return None
    for inner, module in owner.named_modules():
        prefix = f"{name}.{inner}" if inner else name
        for attribute, held in vars(module).items():
            if attribute.startswith("_") or not isinstance(held, list | tuple | dict):
                continue
            for key, item in held.items() if isinstance(held, dict) else enumerate(held):
                if item is wanted:
                    return f"{prefix}.{attribute}[{key!r}]", assignment(module, attribute)
                for inside, parameter in getattr(item, "named_parameters", dict)() or ():
                    if parameter is wanted:
                        found = f"{prefix}.{attribute}[{key!r}].{inside}"
                        return found, assignment(module, attribute)
    return None


def assignment(owner: object, attribute: str) -> Place | None:
    """Where the owner's class assigns ``self.<attribute>``; None if its source does not show it."""
    for kind in type(owner).__mro__:
        file = _file_of(kind)
        if file is None:
            continue
        line = _assignments(file).get((kind.__name__, attribute.partition(".")[0]))
        if line is not None:
            return place(file, line)
    return None


def call_lines(owner: object, names: tuple[str, ...]) -> list[Place]:
    """Lines in the owner's class that call something with one of these names."""
    file = _file_of(type(owner))
    if file is None:
        return []
    found = [
        line for kind, name, line in _calls(file) if kind == type(owner).__name__ and name in names
    ]
    return [place(file, line) for line in found]


def is_own(kind: type) -> bool:
    """Whether a class is of the person's code, not of an installed library."""
    return _file_of(kind) is not None


def _file_of(kind: type) -> str | None:
    try:
        file = inspect.getsourcefile(kind)
    except TypeError:
        return None
    if file is None or file.startswith(_LIBRARIES) or "/site-packages/" in file:
        return None
    return file


@cache
def _tree(file: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


@cache
def _assignments(file: str) -> dict[tuple[str, str], int]:
    """(class, attribute) -> line of the first ``self.attribute = ...``."""
    found: dict[tuple[str, str], int] = {}
    for kind in (node for node in ast.walk(_tree(file)) if isinstance(node, ast.ClassDef)):
        for node in (each for each in ast.walk(kind) if isinstance(each, ast.Assign)):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    found.setdefault((kind.name, target.attr), node.lineno)
    return found


@cache
def _calls(file: str) -> list[tuple[str, str, int]]:
    """(class, called name, line) of every call inside a class of the file."""
    found: list[tuple[str, str, int]] = []
    for kind in (node for node in ast.walk(_tree(file)) if isinstance(node, ast.ClassDef)):
        for node in ast.walk(kind):
            if isinstance(node, ast.Call):
                called = node.func
                name = (
                    called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                )
                found.append((kind.name, name, node.lineno))
    return found


def global_assignment(frame: FrameType | None, name: str) -> Place | None:
    """Where the frame's module assigns ``name`` at its top level or in a function."""
    if frame is None or not name.isidentifier():
        return None
    file = frame.f_code.co_filename
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            return place(file, node.lineno)
    return None
