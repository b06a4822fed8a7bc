"""``unstuck explain --prove``: run the experiments of questions here and now, and say what came of them."""

import os
import queue
import shutil
import signal
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from unstuck import files
from unstuck.errors import INTERRUPTED, ReportNotWritten, UsageError
from unstuck.questions import SEEDS, Evidence, Question, Result, all_questions

PROCESSES = 2
"""Experiments side by side: each runs on one thread, and more would fight over a small machine."""

WIDTH = 98
"""Columns at most: longer lines are hard to read."""

STYLES = {
    "supported": "green",
    "refuted": "bold red",
    "inconclusive": "yellow",
    "illustrated": "cyan",
}

REFUTED = 1


class Progress(Protocol):
    """What shows how far the experiments are."""

    def told(self, name: str, doing: str, share: float) -> None:
        """What an experiment trains, and which share of that is done."""

    def done(self, name: str) -> None:
        """An experiment is over."""

    def pause(self) -> None:
        """Something is printed; go on with what is told next."""


def prove(
    questions: Sequence[Question],
    *,
    first_seed: int = 0,
    folder: Path | None = None,
    show: bool = False,
) -> int:
    """Run the experiments, print each when it is done, and return the exit code.

    ``folder`` gets the evidence as JSON, one file a question. ``show`` opens the page of the only one.

    Raises:
        UsageError: scikit-learn, from which the data come, is not installed.
        ReportNotWritten: the folder cannot be written to.
    """
    if folder is not None:
        _make(folder)
    seeds = tuple(range(first_seed, first_seed + SEEDS))
    begun, proofs = time.monotonic(), []
    try:
        for evidence in proofs_of(questions, seeds):
            proofs.append(evidence)
            _print(told(evidence, width=_columns()))
            if folder is not None:
                files.write_report(folder / f"{evidence.question}.json", evidence.dumps())
            _draw(evidence, show)
    except KeyboardInterrupt:
        print(f"unstuck: interrupted, {len(proofs)} of {len(questions)} proven", file=sys.stderr)
        return INTERRUPTED
    if len(questions) > 1:
        print(_summary(proofs, time.monotonic() - begun))
    return REFUTED if any(r.verdict == "refuted" for each in proofs for r in each.results) else 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportNotWritten(
            f"cannot write {folder}: {error.strerror}", "name a folder that can be written"
        ) from error


def _draw(evidence: Evidence, show: bool) -> None:
    from unstuck.commands import explanation

    if show:
        explanation.open_page(evidence.question, evidence)
    else:
        path = explanation.write_page(evidence.question, evidence)
        print(f"unstuck: the picture of {evidence.question}: {path}", file=sys.stderr)


def proofs_of(questions: Sequence[Question], seeds: Sequence[int]) -> Iterator[Evidence]:
    """The evidence of each question as it is made, each in a process of its own.

    Raises:
        UsageError: scikit-learn is not installed, or an experiment cannot be made on this system.
    """
    context = get_context("spawn")
    messages = context.Queue()
    workers = max(1, min(PROCESSES, len(questions), os.cpu_count() or 1))
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(messages,))
    try:
        with _deaf():
            names = {pool.submit(_one, each.name, tuple(seeds)): each.name for each in questions}
        waiting = set(names)
        with _progress() as progress:
            for each in questions[:workers]:
                progress.told(each.name, "starting", 0.0)
            while waiting:
                _hear(messages, progress)
                finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    progress.done(names[future])
                    progress.pause()
                    yield from _made(future, names[future], alone=len(questions) == 1)
    finally:
        _end(pool)


def _made(future: "Future[Evidence]", name: str, *, alone: bool) -> Iterator[Evidence]:
    """The evidence; none where the experiment cannot be made here, which ends only its own proof."""
    try:
        yield future.result()
    except UsageError as error:
        if alone:
            raise
        print(f"unstuck: {name} is not proven here: {error.message}", file=sys.stderr)


def _hear(messages: Any, progress: Progress) -> None:
    while True:
        try:
            progress.told(*messages.get_nowait())
        except queue.Empty:
            return


def _end(pool: ProcessPoolExecutor) -> None:
    """Without waiting for an experiment that nobody waits for any more: the pool itself would."""
    for process in list((pool._processes or {}).values()):
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


_messages: Any = None


def _begin(messages: Any) -> None:
    """In each process, before its first experiment."""
    global _messages
    _messages = messages


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C is for the parent alone: processes that begin meanwhile ignore it, from their start on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _one(name: str, seeds: tuple[int, ...]) -> Evidence:
    last = 0.0

    def say(doing: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 0.1 or share == 0:
            last = now
            _messages.put((name, doing, share))

    return all_questions()[name].prove(seeds, say)


# What is printed.


def told(evidence: Evidence, *, width: int = WIDTH) -> str:
    """The verdicts claim by claim, and where the numbers are not the recorded ones."""
    question = all_questions()[evidence.question]
    lines = [f"{question.name}: {question.title}"]
    for number, claim in enumerate(question.claims, start=1):
        results = evidence.of_claim(number)
        if results:
            lines += ["", f"  {claim}", *map(_verdict, results)]
    beyond = evidence.of_claim(None)
    if beyond:
        lines += ["", "  Beyond the claims:", *map(_verdict, beyond)]
    lines += ["", *_compared(evidence, question.evidence)]
    return "\n".join(_wrapped(line, width) for line in lines)


def _verdict(result: Result) -> str:
    return f"    {result}"


def _wrapped(line: str, width: int) -> str:
    """Later lines begin where the first does, those of a verdict behind it."""
    indent = len(line) - len(line.lstrip())
    hanging = " " * (indent + 2 * (indent > 2))
    return textwrap.fill(
        line.strip(), width, initial_indent=" " * indent, subsequent_indent=hanging
    )


def _columns() -> int:
    return min(WIDTH, shutil.get_terminal_size().columns)


def _print(text: str) -> None:
    """With the verdicts in colour, if it goes to a terminal."""
    from rich.console import Console
    from rich.text import Text

    shown = Text(text)
    for word, style in STYLES.items():
        shown.highlight_regex(rf"(?m)^ +{word}:", style)
    Console(highlight=False, soft_wrap=True).print(shown, end="\n\n")
    sys.stdout.flush()


def _compared(found: Evidence, recorded: Evidence | None) -> list[str]:
    seeds = f"seeds {found.seeds[0]} to {found.seeds[-1]}, {found.seconds:.0f} s"
    made = f"  {found.counted()} ({seeds})."
    if recorded is None:
        return [made]
    apart = _differences(found, recorded)
    if not apart:
        return [f"{made} {_as_recorded(found, recorded)}"]
    lines = [made, f"  Not as in the proof recorded on {recorded.date}:"]
    return lines + [f"    {each}" for each in apart]


def _as_recorded(found: Evidence, recorded: Evidence) -> str:
    """Other seeds give other numbers, which can only be near."""
    proof = f"the proof of {recorded.date}"
    if found.seeds == recorded.seeds:
        return f"No number differs from {proof}."
    return f"Other seeds than in {proof}: the same verdicts, and no mean clearly apart."


def _differences(found: Evidence, recorded: Evidence) -> list[str]:
    """Where this proof's numbers are not those that came with the package."""
    before = {each.number: each for each in recorded.results}
    return [
        f"{each.says}: here {each.seen()}, {each.verdict}; recorded {old.seen()}, {old.verdict}"
        for each in found.results
        if (old := before.get(each.number)) is not None and each.differs(old)
    ]


def _summary(proofs: Sequence[Evidence], seconds: float) -> str:
    words = [result.verdict for each in proofs for result in each.results]
    counts = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
    return f"{len(proofs)} questions, {len(words)} predictions: {counts}; {seconds:.0f} s in all."


# Progress.


@contextmanager
def _progress() -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, redirect_stdout=False) as bars:
        yield _Bars(bars, dict[str, TaskID]())


class _Lines:
    """One line when an experiment begins, for logs."""

    def __init__(self) -> None:
        self.begun: set[str] = set()

    def told(self, name: str, doing: str, share: float) -> None:
        """Say it once."""
        if name not in self.begun:
            self.begun.add(name)
            print(f"unstuck: proving {name}", file=sys.stderr, flush=True)

    def done(self, name: str) -> None:
        """Its result tells."""

    def pause(self) -> None:
        """Lines do not disturb each other."""


class _Bars:
    """One bar for each experiment under way."""

    def __init__(self, bars: Any, tasks: dict[str, Any]) -> None:
        self.bars, self.tasks = bars, tasks

    def told(self, name: str, doing: str, share: float) -> None:
        """What it trains, and which share of that is done."""
        self.bars.start()
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(name, total=1.0)
        self.bars.update(self.tasks[name], description=f"{name}: {doing}", completed=share)

    def done(self, name: str) -> None:
        """The bar goes."""
        if name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))

    def pause(self) -> None:
        """All bars go from the screen."""
        self.bars.stop()
