"""``with unstuck.watch(model, optimizer) as run:`` for notebooks and one's own loops."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unstuck.checks import diagnosed
from unstuck.observe.watching import RUN_BUDGET, Watcher
from unstuck.recording import new_name
from unstuck.records import Finding, Run


class WatchedRun:
    """What ``watch`` gives: empty inside the block, the report after it."""

    def __init__(self) -> None:
        self.record: Run | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, worst first; empty while the block runs."""
        return self.record.findings if self.record else ()

    def __str__(self) -> str:
        from unstuck.remedies import all_remedies
        from unstuck.report import terminal

        if self.record is None:
            return "watching: the report is ready when the block has ended"
        return terminal(self.record, all_remedies())

    __repr__ = __str__

    def _repr_html_(self) -> str | None:
        """The report for Jupyter, in a frame of its own so that its style stays inside."""
        from markupsafe import escape

        from unstuck.remedies import all_remedies
        from unstuck.report import page

        if self.record is None:
            return None
        inner = escape(page(self.record, all_remedies()))
        return (
            '<iframe sandbox title="unstuck report" style="width:100%;height:720px;border:0" '
            f'srcdoc="{inner}"></iframe>'
        )


@contextmanager
def watch(model: Any = None, optimizer: Any = None) -> Iterator[WatchedRun]:
    """Watch a training loop in a notebook or in one's own code.

    Args:
        model: the module that is trained. Optional: every module that is called outermost inside
            the block is watched.
        optimizer: the optimizer, if it was built before the block. Optional as well.

    Yields:
        A :class:`WatchedRun`: it prints well, shows itself in Jupyter, and has ``findings`` once
        the block has ended.

    Example::

        with unstuck.watch(model, optimizer) as run:
            for x, y in loader:
                ...
        run
    """
    watched = WatchedRun()
    watcher = Watcher(new_name("watch"), "watch()", budget=RUN_BUDGET, kind="block")
    watcher.attach()
    if watcher.session is not None:
        if model is not None:
            watcher.session.guard.run("models", watcher.session.introduce, model)
        if optimizer is not None:
            watcher.session.tell("optimizer_built", optimizer, None)
    ended = "finished"
    try:
        yield watched
    except BaseException as error:
        watcher.raised = type(error).__name__
        ended = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        raise
    finally:
        watcher.detach()
        if watcher.session is not None:
            watcher.session.close()
        watched.record = diagnosed(watcher.run(ended, None))
