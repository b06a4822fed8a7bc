"""Faults injected into unstuck: the training ends as without it, and nothing old is lost.

    python benchmarks/faults.py [--only exceptions checks writes kills names] [--share 0.05] [--out FILE]

- exceptions: the n-th call of each probe's handler, and of each function of the observer, raises; weights,
  losses and random states must be those of the plain run, and what was lost must be said.
- checks: each check raises; the findings of the others must stay the same.
- writes: the n-th system call of writing a recording or a report fails, with six errors.
- kills: a process that records again and again is killed at a random instant; the recording must be readable.
- names: hostile texts in every field through page, terminal and JSON; a real browser must run none of them.

``--share`` draws a seeded part of each, for the tests.
"""

import argparse
import contextlib
import errno
import html
import importlib
import inspect
import json
import os
import pkgutil
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import nn

from unstuck import files, observe
from unstuck.checks import NotChecked, all_checks, diagnose
from unstuck.errors import ReportNotWritten
from unstuck.observe import guard
from unstuck.observe.watching import Watcher
from unstuck.recording import Recorder
from unstuck.records import Facts, Finding, Location, Run, ScriptRecord

ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    MemoryError,
    RecursionError,
    KeyError,
    AttributeError,
)
CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ENAMETOOLONG)
_STEPS, _LAST_CALL = 7, 50
# Asked at each event outside the fence, one line each, with nothing of the person's in it; and the
# fence itself.
_TRUSTED = {"in_a_transform", "is_open", "is_plain"}


# Exceptions.


def train() -> bytes:
    """A small training with everything that is random in it; its result as bytes."""
    torch.manual_seed(0)
    random.seed(0)
    net = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3)
    )
    data = torch.utils.data.TensorDataset(torch.randn(16, 6), torch.randint(0, 3, (16,)))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    losses = []
    for _ in range(_STEPS):
        for x, y in torch.utils.data.DataLoader(data, batch_size=16, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.detach())
        schedule.step()
        net.eval()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(net(x), y))
        net.train()
    parts = [*net.state_dict().values(), *losses, torch.get_rng_state()]
    return b"".join(part.numpy().tobytes() for part in parts) + repr(random.getstate()).encode()


class Fault:
    """A function that raises at its n-th call, and otherwise does what the original does."""

    def __init__(self, original: Callable[..., Any], nth: int, error: type[Exception]) -> None:
        self._original = original
        self._left = nth
        self._error = error
        self.reached = False

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Raise, or pass on."""
        self._left -= 1
        if self._left < 0:
            self.reached = True
            raise self._error("injected")
        return self._original(*arguments, **keywords)


def observer_functions() -> Iterator[tuple[Any, str]]:
    """Every function of the observer's modules, where others look it up."""
    for module in pkgutil.walk_packages(observe.__path__, "unstuck.observe."):
        loaded = importlib.import_module(module.name)
        if module.name.endswith((".guard", ".launch", ".arming", ".ending", ".tracebacks")):
            continue
        for name, value in vars(loaded).items():
            own = inspect.isfunction(value) and value.__module__ == module.name
            if own and name not in _TRUSTED:
                yield loaded, name


def exceptions(share: float) -> dict[str, Any]:
    """Into handlers and functions, at every call up to the fiftieth, until one is not reached."""
    expected = train()
    tried = survived = said = 0
    failures: list[str] = []
    draw = random.Random(1)
    with _watched() as (session, _):
        places: list[tuple[str, Any, Any]] = [
            ("handler", event, at)
            for event, handlers in session._handlers.items()
            for at in range(len(handlers))
        ]
    places += [("function", module, name) for module, name in observer_functions()]
    for place in places:
        for nth in range(_LAST_CALL):
            if draw.random() > share:
                continue
            error = ERRORS[(nth + len(str(place[2]))) % len(ERRORS)]
            reached, equal, told = _one_exception(place, nth, error, expected)
            if not reached:
                break
            tried += 1
            survived += equal
            said += told
            if not equal:
                failures.append(f"{place} call {nth} {error.__name__}")
    return {"tried": tried, "survived": survived, "said": said, "failures": failures[:20]}


def _one_exception(
    place: tuple[str, Any, Any], nth: int, error: type[Exception], expected: bytes
) -> tuple[bool, bool, bool]:
    kind, where, which = place
    with _watched() as (session, watcher), contextlib.ExitStack() as stack:
        if kind == "handler":
            family, handler = session._handlers[where][which]
            fault = Fault(handler, nth, error)
            session._handlers[where][which] = (family, fault)
        else:
            fault = Fault(getattr(where, which), nth, error)
            stack.enter_context(mock.patch.object(where, which, fault))
        try:
            equal = train() == expected
        except Exception:
            equal = False
        try:
            run = watcher.run("finished", 0)
            told = "injected" in str(run.facts.missing) or "injected" in str(session.guard.losses)
        except Exception:  # the commands fence this one
            told = True
    return fault.reached, equal, told


@contextlib.contextmanager
def _watched() -> Iterator[tuple[Any, Watcher]]:
    watcher = Watcher("faults", "faults")
    watcher.attach()
    assert watcher.session is not None, watcher.failure
    try:
        yield watcher.session, watcher
    finally:
        watcher.detach()


# Checks.


def recorded() -> Run:
    """A run with findings, recorded for real."""
    watcher = Watcher("faults", "faults.py")
    watcher.attach()
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(32, 6), torch.randint(0, 3, (32,))
    for _ in range(40):
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    watcher.detach()
    return watcher.run("finished", 0)


def checks(share: float) -> dict[str, Any]:
    """Each check raises in turn; the findings of the others stay."""
    facts = recorded().facts
    usual = {f.check: f.message for f in _flat(diagnose(facts).findings)}
    tried = survived = 0
    failures = []
    known = all_checks()
    for name in known:
        for error in ERRORS:
            fence = guard.Guard()

            def survive(asked: str, ask: Callable[[], Any], fence: Any = fence) -> Any:
                return guard.pass_through(fence, asked, ask, NotChecked)

            broken = dict(known)
            broken[name] = replace(known[name], find=_raising(known[name].find, error))
            with mock.patch("unstuck.checks._diagnosis.all_checks", lambda broken=broken: broken):
                found = diagnose(facts, survive=survive)
            others = {f.check: f.message for f in _flat(found.findings)}
            tried += 1
            kept = {c: m for c, m in usual.items() if c != name} == others
            # A check whose facts are missing is not asked, and cannot fail.
            asked = known[name].missing(facts) is None
            ok = kept and (not asked or name in found.not_checked)
            survived += ok
            if not ok:
                failures.append(f"{name} {error.__name__}")
    return {"tried": tried, "survived": survived, "failures": failures}


def _raising(find: Any, error: type[Exception]) -> Any:
    def raising(facts: Facts, **options: Any) -> Iterator[Finding]:
        raise error("injected")
        yield

    raising.__name__ = find.__name__
    return raising


def _flat(findings: tuple[Finding, ...]) -> list[Finding]:
    return [each for f in findings for each in (f, *f.symptoms)]


# Writes.

_CALLS = (
    ("pathlib.Path.open", "open"),
    ("pathlib.Path.replace", "rename"),
    ("pathlib.Path.mkdir", "mkdir"),
    ("pathlib.Path.unlink", "unlink"),
    ("pathlib.Path.iterdir", "iterdir"),
    ("os.fsync", "fsync"),
    ("os.urandom", "urandom"),
    ("pathlib.Path.exists", "exists"),
)


def writes(share: float) -> dict[str, Any]:
    """Every n-th call of each kind fails, while a run is recorded and a report is written."""
    run = recorded()
    draw = random.Random(2)
    tried = survived = 0
    failures = []
    for target, what in _CALLS:
        for code in CODES:
            for nth in range(_LAST_CALL):
                if draw.random() > share:
                    continue
                reached, problem = _one_write(run, target, code, nth)
                if not reached:
                    break
                tried += 1
                survived += not problem
                if problem:
                    failures.append(f"{what} {errno.errorcode[code]} call {nth}: {problem}")
    return {"tried": tried, "survived": survived, "failures": failures[:20]}


def _one_write(run: Run, target: str, code: int, nth: int) -> tuple[bool, str]:
    module, _, name = target.rpartition(".")
    owner = os if module == "os" else Path
    original = getattr(owner, name)
    calls = [nth]
    reached = []

    def failing(*arguments: Any, **keywords: Any) -> Any:
        calls[0] -= 1
        if calls[0] < 0:
            reached.append(True)
            raise OSError(code, os.strerror(code))
        return original(*arguments, **keywords)

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        old = Recorder(base, "20260101-000000-old-1")
        old.open()
        old.save(lambda: run, durable=True)
        report = base / "report.html"
        report.write_text("old")
        problem = ""
        with mock.patch.object(owner, name, failing):
            try:
                recorder = Recorder(base, "20260102-000000-new-2")
                recorder.open()
                for _ in range(10):
                    recorder.save(lambda: run)
                recorder.save(lambda: run, durable=True)
            except OSError as error:
                problem = f"raised into the training: {error}"
            try:
                files.write_report(report, "new")
            except ReportNotWritten:
                pass
            except OSError as error:
                problem = f"not our error: {error}"
        if report.read_text() not in ("old", "new"):
            problem = "half a report"
        for file in base.glob(".unstuck/runs/*/run.json"):
            try:
                Run.loads(file.read_text())
            except ValueError as error:
                problem = f"unreadable recording: {error}"
        if not (old.folder / "run.json").exists():
            problem = "the old recording is gone"
    return bool(reached), problem


# Kills.

_WRITER = """
import sys
from pathlib import Path
from unstuck.recording import Recorder
from unstuck.records import Run
run = Run.loads(Path(sys.argv[1]).read_text())
recorder = Recorder(Path(sys.argv[2]), "20260101-000000-killed-1")
recorder.open()
recorder.save(lambda: run)
print("ready", flush=True)
while True:
    recorder.save(lambda: run, durable=True)
"""


def kills(share: float, count: int = 500) -> dict[str, Any]:
    """Kill a process that records without pause, at random instants after its first word."""
    draw = random.Random(3)
    tried = survived = 0
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.json"
        source.write_text(json.dumps(recorded().plain(facts=True)))
        for index in range(round(count * share)):
            base = Path(folder) / str(index)
            base.mkdir()
            process = subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(source), str(base)], stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(draw.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            tried += 1
            try:
                [file] = base.glob(".unstuck/runs/*/run.json")
                Run.loads(file.read_text())
                survived += 1
            except ValueError as error:
                failures.append(str(error))
            shutil.rmtree(base)
    return {"tried": tried, "survived": survived, "failures": failures[:20]}


# Names.

_BARE = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg/onload=\"document.title='owned'\">",
    '"><iframe srcdoc="<script>parent.document.title=\'owned\'</script>">',
    "' onmouseover='document.title=1' x='",
    "javascript:document.title='owned'",
    "<a href=\"javascript:document.title='owned'\" autofocus onfocus=\"document.title='owned'\">x</a>",
    "<style>@import 'x';</style>",
    "<meta http-equiv=refresh content='0;url=data:text/html,owned'>",
    "{{ 7 * 7 }}{% raw %}",
    "${7*7}#{7*7}",
    "\x1b]0;owned\x07\x1b[2J\x1b[31m",
    "\u202e\u2066evil\u2069",
    "<!--",
    "]]><x>",
    "\x00\x01\x7f\x9b31m",
    "\r\nContent-Type: text/html\r\n\r\n<script>document.title='owned'</script>",
    "<math><mi//xlink:href=\"data:x,<script>document.title='owned'</script>\">",
    "<details open ontoggle=\"document.title='owned'\">",
)
_WRAPPED = ("{}", "x{}", "{}.py", "'{}'", "a" * 60 + "{}")
PAYLOADS = [shape.replace("{}", bare) for bare in _BARE for shape in _WRAPPED]


def hostile(text: str) -> Run:
    """A run with the text in every field that can hold one."""
    place = Location(text, 3, text)
    finding = Finding(
        text,
        at=1,
        evidence={text: text, "list": [text, {"name": text}]},
        location=place,
        check=text,
        remedies=(text, "lower-learning-rate"),
        symptoms=(Finding(text, check=text, location=place),),
    )
    script = ScriptRecord(text, path=text, steps=200, seconds=1.0, training=text)
    facts = recorded().facts
    families = _with(dict(facts.families), text)
    return Run(
        text,
        text,
        script,
        findings=(finding, replace(finding, severity="note")),
        checked=(text,),
        not_checked={text: text},
        ignored=(finding,),
        cost={"seconds": 1.0},
        versions={text: text},
        facts=Facts(families, {text: text}),
    )


def _with(value: Any, text: str) -> Any:
    """The facts with the text as every name and file in them."""
    if isinstance(value, dict):
        named = ("name", "file", "code", "layer", "model", "label", "place_name")
        return {
            key: text if key in named and isinstance(item, str) else _with(item, text)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with(item, text) for item in value]
    return value


def names(share: float) -> dict[str, Any]:
    """Through the terminal, JSON and the page; the page is opened in headless Chromium if there is one."""
    from unstuck.remedies import all_remedies
    from unstuck.report import as_json, page, terminal

    draw = random.Random(4)
    chosen = [text for text in PAYLOADS if draw.random() <= share]
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    survived = opened = 0
    failures = []
    for text in chosen:
        run = hostile(text)
        shown = terminal(run, all_remedies(), width=80)
        problems = []
        if any(ord(c) < 32 and c != "\n" for c in shown) or "\x9b" in shown or "\u202e" in shown:
            problems.append("control characters in the terminal")
        if json.loads(as_json(run))["findings"][0]["message"] != text:
            problems.append("JSON changed the text")
        text_of_page = page(run, all_remedies())
        if browser is not None:
            opened += 1
            problems += _browsed(browser, text_of_page)
        survived += not problems
        failures += [f"{text!r}: {problem}" for problem in problems]
    return {
        "tried": len(chosen),
        "survived": survived,
        "opened_in_a_browser": opened,
        "failures": failures[:20],
    }


def _browsed(browser: str, text: str) -> list[str]:
    """What went wrong in a real browser: a title that a payload set, or an element it made."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        done = subprocess.run(
            [*command, f"--user-data-dir={folder}/profile", file.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
        )
    title = html.unescape(done.stdout.partition("<title>")[2].partition("</title>")[0])
    problems = [] if done.stdout else [f"no page: {done.stderr[-200:]}"]
    if title.strip() == "owned":
        problems.append("a script ran")
    inside = done.stdout.partition("<body>")[2]
    made = [tag for tag in ("<script", "<iframe", "<img", "<meta", "<style") if tag in inside]
    return problems + [f"an element was made: {tag}" for tag in made]


GROUPS = {
    "exceptions": exceptions,
    "checks": checks,
    "writes": writes,
    "kills": kills,
    "names": names,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = {}
    for name in options.only:
        result[name] = GROUPS[name](options.share)
        print(name, result[name], flush=True)
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
