"""``with unstuck.watch(model, optimizer) as run:`` for notebooks and one's own loops."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from unstuck.checks import NotChecked, diagnosed, experiments
from unstuck.observe.guard import Guard, pass_through
from unstuck.observe.watching import RUN_BUDGET, Watcher
from unstuck.recording import new_name
from unstuck.records import Finding, Run

if TYPE_CHECKING:
    from unstuck.trials.snapshot import Snapshot


class WatchedRun:
    """What ``watch`` gives: the findings so far inside the block, the report after it."""

    def __init__(self, watcher: Watcher) -> None:
        self.record: Run | None = None
        self._watcher, self._guard = watcher, Guard()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, worst first; inside the block those of the steps so far, looked for each time.

        The earlier, the less is known: what stands now may not stand at the end.
        """
        run = self.record or self._guard.run("findings", self._so_far)
        return run.findings if run else ()

    def _so_far(self) -> Run:
        session = self._watcher.session
        spent = session.spent if session else 0.0
        run = self._diagnosed("running")
        if session:
            session.spent = spent  # what is asked for leaves less time to no probe
        return run

    def _diagnosed(self, ended: str) -> Run:
        """What the checks say by now; one that fails says nothing."""
        return diagnosed(
            self._watcher.run(ended, None),
            survive=lambda name, ask: pass_through(self._guard, name, ask, NotChecked),
        )

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


def _more(minutes: int) -> str:
    return f"watch(prove=True, budget={60 * minutes})"


class _Held:
    """The block held at its first training forward, to be replayed."""

    def __init__(self, budget: float) -> None:
        self._budget = budget
        self._snapshot: Snapshot | None = None

    def companions(self) -> list[Any]:
        from unstuck.trials.snapshot import Snapshot

        self._snapshot = Snapshot()
        return [self._snapshot]

    def end_replay(self) -> None:
        """In the process of a replay the block's end is the end."""
        if self._snapshot is not None and self._snapshot.recorder is not None:
            self._snapshot.recorder.finish("the block ended")

    def prove(self, run: Run) -> None:
        """Replay the block, as far as the budget goes."""
        from unstuck.trials.proving import Wish

        if self._snapshot is not None:
            self._snapshot.prove(run, Wish(self._budget, experiments=experiments(), more=_more))


@contextmanager
def watch(
    model: Any = None, optimizer: Any = None, *, prove: bool = False, budget: float = 30.0
) -> Iterator[WatchedRun]:
    """Watch a training loop in a notebook or in one's own code.

    Args:
        model: the module that is trained. Optional: every module that is called outermost inside
            the block is watched.
        optimizer: the optimizer, if it was built before the block. Optional as well.
        prove: whether to replay the block's first steps, once it has ended, with one thing changed
            at a time: in forks of this process, which leave everything here as it is. Linux only. The
            first 200 steps are then watched in detail, whatever it costs.
        budget: seconds that the replays may take.

    Yields:
        A :class:`WatchedRun`: once the block has ended it prints well and shows itself in Jupyter.
        Its ``findings`` can be read inside the block as well: those of the steps so far.

    Example::

        with unstuck.watch(model, optimizer) as run:
            for x, y in loader:
                ...
        run
    """
    held = _Held(budget) if prove else None
    watcher = Watcher(
        new_name("watch"),
        "watch()",
        budget=None if prove else RUN_BUDGET,
        kind="block",
        companions=held.companions if held else list,
    )
    watched = WatchedRun(watcher)
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
        if held is not None:
            held.end_replay()
        watcher.detach()
        if watcher.session is not None:
            watcher.session.close()
        watched.record = watched._diagnosed(ended)
        if held is not None:
            held.prove(watched.record)
            watched.record = watched._diagnosed(ended)
