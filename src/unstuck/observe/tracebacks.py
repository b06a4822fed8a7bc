"""Tracebacks as they would be without our hook on the outermost module.

While a module has a hook, torch calls its forward by a longer way (``_call_impl``, then ``inner``). A
traceback through forward would show that way, and a line number that plain python does not show.
"""

import dis
import linecache
from functools import cache
from types import CodeType, TracebackType
from typing import Any

_MODULE = "torch/nn/modules/module.py"
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def as_if_unhooked(frames: list[TracebackType]) -> list[TracebackType]:
    """The frames with torch's short way to forward wherever the long one was taken for us."""
    kept: list[TracebackType] = []
    for each in frames:
        short = _short_way(kept[-1]) if kept and _is_torch(each, "inner") else None
        if short is None:
            kept.append(each)
        else:
            kept[-1] = short
    return kept


def _short_way(trace: TracebackType) -> TracebackType | None:
    """The frame of ``_call_impl`` at the line that it runs without hooks; None if not for us."""
    module: Any = trace.tb_frame.f_locals.get("self")
    if not _is_torch(trace, "_call_impl") or any(getattr(module, hooks, None) for hooks in _HOOKS):
        return None  # the script has hooks of its own on it
    place = _direct_call(trace.tb_frame.f_code)
    return TracebackType(None, trace.tb_frame, *place) if place else None


def _is_torch(trace: TracebackType, name: str) -> bool:
    code = trace.tb_frame.f_code
    return code.co_name == name and code.co_filename.endswith(_MODULE)


@cache
def _direct_call(code: CodeType) -> tuple[int, int] | None:
    """(instruction, line) of ``return forward_call(...)``; None in a torch that has no such line."""
    for instruction in dis.get_instructions(code):
        line = instruction.positions.lineno if instruction.positions else None
        if line is None or not instruction.opname.startswith("CALL"):
            continue
        if linecache.getline(code.co_filename, line).strip().startswith("return forward_call("):
            return instruction.offset, line
    return None
