"""The fence between our probes and the person's training.

This is the only module that may write ``except Exception``: whatever goes wrong in a probe switches
that probe off, is said in the report, and the training goes on.
"""

import logging
import traceback
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


class Guard:
    """Remembers what failed; ``losses`` maps the name of what was lost to the reason."""

    def __init__(self) -> None:
        self.losses: dict[str, str] = {}

    def lose(self, name: str, error: Exception) -> None:
        """Note that ``name`` is gone because of the error."""
        self.losses.setdefault(name, f"not recorded: {type(error).__name__}: {error}"[:200])
        log.debug("%s failed", name, exc_info=error)

    def run(self, name: str, act: Callable[..., Any], *arguments: Any) -> Any:
        """The result of ``act``; None, and a loss noted, if it raises."""
        try:
            return act(*arguments)
        except Exception as error:
            self.lose(name, error)
            return None


def each(
    guard: Guard, handlers: list[tuple[str, Callable[..., None]]], arguments: tuple[Any, ...]
) -> None:
    """Call every handler; one that raises is taken out of its list and its probe is lost."""
    for handler in tuple(handlers):
        try:
            handler[1](*arguments)
        except Exception as error:
            guard.lose(handler[0], error)
            if handler in handlers:
                handlers.remove(handler)


def pass_through(
    guard: Guard, name: str, act: Callable[[], Any], *expected: type[Exception]
) -> Any:
    """Like :meth:`Guard.run`, but exceptions of the expected kinds go on to the caller."""
    try:
        return act()
    except expected:
        raise
    except Exception as error:
        guard.lose(name, error)
        return None


def or_show_bug(act: Callable[[], Any]) -> bool:
    """Whether ``act`` went well; if not, its traceback is on stderr and nothing was raised.

    For the last acts of ``check``, from where nothing may return into the script.
    """
    try:
        act()
    except Exception:
        traceback.print_exc()
        return False
    return True
