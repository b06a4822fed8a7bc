"""Parse arguments, call the command, choose the exit code."""

import argparse
import logging
import math
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from unstuck import __version__
from unstuck.errors import BUG, INTERRUPTED, UnstuckError, UsageError

USAGE = 2

LAST_SEED = 999_999_999
"""scikit-learn, which makes some of the data, takes no seeds from 2^32 on; nine digits stay below."""

_TOP = """\
Why does this PyTorch training not learn? Write unstuck check instead of python:

  unstuck check train.py [ARGS...]   watch the first steps, say what is wrong and where
  unstuck run train.py [ARGS...]     watch the whole run; standard output, weights, exit code unchanged
  unstuck report [RUN]               the newest (or any) recorded run again; --html, --open
  unstuck diff [RUN1 RUN2]           what changed between two recorded runs (of one script)
  unstuck fit [DATA]                 from data to a trained model that says why it is so
  unstuck predict MODEL DATA         what such a model says of new data
  unstuck explain [NAME]             a check's page, or one of the 22 questions (q01 to q22)
  unstuck doctor                     versions and devices

The script is not changed. Everything after its name belongs to the script."""

_EXITS = """\
exit codes of check and report: 0 nothing found, 1 findings at or above --fail-on, 2 usage, or
no training step was seen (not watched is not clean), 3 a bug of unstuck; of check also 4: the
script itself failed. run: always the script's own."""

_EXAMPLES = {
    "check": """\
examples:
  unstuck check train.py --epochs 3         --epochs 3 goes to train.py
  unstuck check --steps 500 train.py        watch more steps than 200
  unstuck check -m package.train            a module, as in python -m package.train
  unstuck check --json report.json train.py
  unstuck check --ignore loss-not-falling train.py
  unstuck check --budget 15m train.py       more time for the replays that prove what is found
  unstuck check --no-prove train.py         no replays
  unstuck check --learning-rate train.py    which learning rate trains it best
""",
    "run": """\
examples:
  unstuck run train.py --epochs 30          --epochs 30 goes to train.py
  unstuck run -m package.train              a module, as in python -m package.train
  unstuck run --quiet --html report.html train.py
""",
    "report": """\
examples:
  unstuck report                            the newest run recorded here
  unstuck report 20261123-0345              the run whose name begins so
  unstuck report --open                     as a page with pictures, in the browser
  unstuck report --json -                   as JSON on standard output, instead of the text
  unstuck report --list                     the recorded runs: name, date, script, end, verdict
""",
    "diff": """\
examples:
  unstuck diff                              the last two runs of the script that ran last
  unstuck diff train.py                     the last two runs of train.py
  unstuck diff 20261123-0345 20261123-0412  the beginnings of names are enough
  unstuck diff before/run.json after/run.json
""",
    "explain": """\
examples:
  unstuck explain                           all names
  unstuck explain non-finite-loss
  unstuck explain q03                       the answer, its evidence, what watches for it
  unstuck explain "weights zero"            by words
  unstuck explain q03 --prove               run its experiment here, some 10 seconds
  unstuck explain --prove --all             all 22, some minutes
  unstuck explain q03 --on train.py         the same question, asked of your script
""",
    "fit": """\
examples:
  unstuck fit                               1,797 small digits, to see how it goes
  unstuck fit houses.csv --target price     a table; the task is found from the column
  unstuck fit sick.csv --target sick --out sick-model
  unstuck fit weather.parquet --target rain,wind
  unstuck fit photos/                       images, one folder for each class
  unstuck fit photos/ --labels labels.csv   images, and a table: file,label
  unstuck fit photos/ --transfer resnet18   on the features of a trained backbone
  unstuck fit photos/ --fine-tune resnet18  and then the backbone too, at a lower rate
  unstuck fit arrays.npz                    x and y, as numpy.savez wrote them
  unstuck fit houses.csv --show-recipe > recipe.toml
  unstuck fit houses.csv --recipe recipe.toml     with the values that you changed in it
  unstuck fit houses.csv --model mine:net   a net of your own, from mine.py
  unstuck fit houses.csv --as-script train.py     the same training as plain PyTorch
  unstuck fit houses.csv --resume           go on where Ctrl-C ended it
""",
    "predict": """\
examples:
  unstuck predict houses-model new.csv                  a table on standard output
  unstuck predict houses-model new.csv --out prices.csv
  unstuck predict photos-model photo.jpg --probabilities
  unstuck predict digits-model digits       with the targets in the data: how good it is
""",
    "doctor": """\
example:
  unstuck doctor
""",
}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_WITH_EXITS = ("check", "run", "report")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and where to read on."""

    def parse_known_args(self, *arguments: Any, **keywords: Any) -> Any:
        """As ever, but the command, not the top, says which of its options is unknown."""
        known, unknown = super().parse_known_args(*arguments, **keywords)
        if unknown:
            self.error(f"there is no option {unknown[0]}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        print(f"unstuck: {message}\n  see {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; ``check`` leaves the process by itself."""
    try:
        outcome = _prepared(arguments)
    except KeyboardInterrupt:
        print("unstuck: interrupted", file=sys.stderr)
        return INTERRUPTED
    if isinstance(outcome, int):
        return outcome
    outcome()  # outside of every `except`: what the script raises is not for us
    return 0


def _prepared(arguments: Sequence[str] | None) -> int | Callable[[], None]:
    """The exit code of a command, or what is left to be called."""
    from unstuck.observe import guard

    options = _parser().parse_args(arguments)
    outcomes: list[int | Callable[[], None]] = []
    if not guard.or_show_bug(lambda: outcomes.append(_outcome(options))):
        return BUG
    [outcome] = outcomes
    return outcome


def _outcome(options: argparse.Namespace) -> int | Callable[[], None]:
    """The exit code of the command; of ``check`` and ``run`` what is to be called for it."""
    try:
        _log_to_stderr()
        return _dispatch(options)
    except UnstuckError as error:
        print(f"unstuck: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # unstuck report | head
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes it at exit
        return 0


def _log_to_stderr() -> None:
    """Our own logger only: the script's logging is none of our business."""
    log = logging.getLogger("unstuck")
    log.propagate = False
    log.addHandler(logging.StreamHandler(sys.stderr))
    try:
        log.setLevel(os.environ.get("UNSTUCK_LOG", "WARNING").upper())
    except ValueError as error:
        raise UsageError(f"UNSTUCK_LOG: {error}", "give DEBUG, INFO, WARNING or ERROR") from error


def _dispatch(options: argparse.Namespace) -> int | Callable[[], None]:
    command = options.command
    if command in ("check", "run"):
        return _watching(options)
    if command == "report":
        from unstuck.commands import report, watch

        settings = _settings(options)
        if options.list:
            _refuse_beside_list(options)
            report.list_runs(settings)
            return 0
        run = report.report(
            options.run, settings, json=options.json, html=options.html, show=options.open
        )
        return watch.exit_code(run, settings.fail_on)
    if command == "diff":
        from unstuck.commands import report

        report.diff(options.old, options.new, _settings(options))
    elif command == "explain":
        return _explaining(options)
    elif command == "fit":
        return _fitting(options)
    elif command == "predict":
        return _predicting(options)
    else:
        from unstuck.commands.doctor import doctor

        doctor()
    return 0


def _fitting(options: argparse.Namespace) -> int:
    from unstuck.commands import fit

    return fit.fit(
        fit.Wishes(
            options.data,
            options.target,
            options.task,
            options.labels,
            options.out,
            options.recipe,
            options.show_recipe,
            options.as_script,
            onnx=options.export == "onnx",
            resume=options.resume,
            trackers=options.log_with,
            seed=options.seed,
            hand=_set_by_hand(options),
        )
    )


def _set_by_hand(options: argparse.Namespace) -> dict[str, str]:
    """Values of the recipe that have an option of their own."""
    hand = {name: getattr(options, name) for name in ("model", "weights")}
    for way, backbone in (("frozen", options.transfer), ("fine-tuned", options.fine_tune)):
        if backbone:
            hand |= {"backbone": backbone, "transfer": way}
    return {name: value for name, value in hand.items() if value}


def _predicting(options: argparse.Namespace) -> int:
    from unstuck.commands import predict

    return predict.predict(
        predict.Wishes(
            options.folder,
            options.data,
            options.out,
            options.probabilities,
            options.labels,
            options.model,
        )
    )


def _explaining(options: argparse.Namespace) -> int | Callable[[], None]:
    from unstuck.commands import explain

    words = " ".join(options.name) or None
    if options.on is not None:
        return _asking(words, options)
    if options.prove:
        return _proving(words, options)
    _refuse_without_prove(options)
    explain.explain(words, html=options.html)
    return 0


def _refuse_without_prove(options: argparse.Namespace) -> None:
    for option in ("all", "seed", "evidence"):
        given = getattr(options, option)
        if given is not None and given is not False:
            raise UsageError(f"--{option} is for --prove", "unstuck explain --prove --all")


def _asking(words: str | None, options: argparse.Namespace) -> Callable[[], None]:
    from unstuck.commands import explain
    from unstuck.commands.ask import ask

    for option in ("prove", "html"):
        if getattr(options, option):
            raise UsageError(f"--on and --{option} exclude each other", "give one of them")
    _refuse_without_prove(options)
    right = f"unstuck explain {words or 'q03'} --on train.py"
    if words is None:
        raise UsageError("--on asks one question", right)
    question = explain.question(words)
    if options.on in ([], ["-m"]):
        raise UsageError(f"no {'module' if options.on else 'script'} given", right)
    return ask(question, options.on, _settings(options))


def _proving(words: str | None, options: argparse.Namespace) -> int:
    from unstuck.commands import explain
    from unstuck.commands.prove import prove

    if options.all == (words is not None) or (options.all and options.html):
        raise UsageError(
            "--prove runs one question or --all", "unstuck explain q03 --prove, or --prove --all"
        )
    questions = explain.questions(words)
    return prove(
        questions, first_seed=options.seed or 0, folder=options.evidence, show=options.html
    )


def _refuse_beside_list(options: argparse.Namespace) -> None:
    """``--list`` is of all runs and for the terminal."""
    if options.run or options.json or options.html or options.open:
        raise UsageError("--list stands alone", "unstuck report --list")


def _watching(options: argparse.Namespace) -> Callable[[], None]:
    from unstuck.commands import watch
    from unstuck.observe import launch

    target = launch.parse(_script_words(options), options.module)
    wishes = watch.Wishes(
        _settings(options),
        options.json,
        options.html,
        options.quiet,
        prove=not options.no_prove,
        budget=options.budget,
        rerun=options.rerun,
        learning_rate=getattr(options, "learning_rate", False),
        thorough=getattr(options, "thorough", False),
    )
    return (watch.check if options.command == "check" else watch.run)(target, wishes)


def _script_words(options: argparse.Namespace) -> list[str]:
    words: list[str] = options.script
    return words[1:] if words[:1] == ["--"] else words


def _settings(options: argparse.Namespace) -> Any:
    from unstuck.checks import all_checks
    from unstuck.config import checked, read_settings

    checks = {name: each.options for name, each in all_checks().items()}
    settings = read_settings(_here(), checks)
    given = {
        key: getattr(options, key, None)
        for key in ("steps", "seconds", "fail_on", "select", "ignore")
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    return checked(replace(settings, **chosen), checks)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the current folder no longer exists", "cd to one that does") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="unstuck",
        description=_TOP,
        epilog=_EXITS,
        usage="unstuck COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"unstuck {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", prog="unstuck"
    )
    _add_watching(commands)
    report = _add_command(
        commands,
        "report",
        "report on a recorded run again",
        "Print the report of the newest recorded run, or of RUN (a name, the beginning of one, or a "
        "path). Findings are made again from the recorded facts.",
    )
    report.add_argument("run", nargs="?", metavar="RUN")
    report.add_argument(
        "--list", action="store_true", help="instead list the recorded runs, the newest last"
    )
    report.add_argument("--open", action="store_true", help="write the HTML page and open it")
    _add_outputs(report, "instead of the text write", ", - for standard output")
    _add_fail_on(report)
    _add_selection(report)
    diff = _add_command(
        commands,
        "diff",
        "what changed between two recorded runs",
        "Say which findings went and came and which settings changed. Without names: between the "
        "last two runs of the script that ran last. With the name of one script: between its last "
        "two runs. Of two names each is that of a run, its beginning, or the script's (its newest).",
    )
    diff.add_argument("old", metavar="RUN1", nargs="?", help="a run, or alone: a script")
    diff.add_argument("new", metavar="RUN2", nargs="?")
    explain = _add_command(
        commands,
        "explain",
        "a check's page, or one of the 22 questions",
        "Print the page of a check or a remedy, or the answer to a question with its evidence. NAME "
        "may be words that describe it. Without NAME: list all. The experiment of a question "
        "(--prove) trains small nets with 5 seeds and judges what was predicted: supported, refuted, "
        "inconclusive (the spread of the seeds is too wide), or illustrated (a small experiment cannot "
        "settle it). Exit code 1 if a prediction is refuted.",
    )
    _add_explaining(explain)
    _add_fitting(commands)
    _add_predicting(commands)
    _add_command(
        commands,
        "doctor",
        "versions, devices, what is installed",
        "Print what belongs into a report of a bug: versions, devices, what is installed.",
    )
    return parser


def _add_fitting(commands: Any) -> None:
    parser = _add_command(
        commands,
        "fit",
        "from data to a trained model that says why it is so",
        "Train a linear model and a net on DATA: a table (CSV, Parquet, Arrow), arrays (.npy, .npz), a "
        "folder of images, or a name of scikit-learn's data (digits, if none is given). The task is found "
        "from the targets, the learning rate is measured, and rows are held out to choose and to judge "
        "by. Written is a folder: the model, a report that gives the reason of every choice, and a card.",
        usage="unstuck fit [DATA] [options]",
    )
    parser.add_argument(
        "data",
        nargs="?",
        default="digits",
        metavar="DATA",
        help="a file, a folder or a name (digits)",
    )
    parser.add_argument(
        "--target",
        type=_names,
        default=(),
        metavar="COLUMNS",
        help="what to predict, comma-separated (target, label, class, y, or the last column)",
    )
    parser.add_argument(
        "--task",
        choices=("binary", "multi-class", "multi-label", "regression"),
        help="if it shall not be found from the targets",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="the targets of a folder of images or of a .npy"
    )
    parser.add_argument(
        "--model", default="", metavar="NAME", help="linear, mlp, cnn, or module:factory, your own"
    )
    backbone = parser.add_mutually_exclusive_group()
    backbone.add_argument(
        "--transfer",
        default="",
        metavar="BACKBONE",
        help="train a head on its features (timm's name)",
    )
    backbone.add_argument(
        "--fine-tune", default="", metavar="BACKBONE", help="and then the backbone, at a lower rate"
    )
    parser.add_argument(
        "--weights", default="", metavar="FILE", help="of the backbone, as safetensors"
    )
    parser.add_argument(
        "--recipe", type=Path, metavar="FILE", help="values that you set yourself, as TOML"
    )
    parser.add_argument(
        "--show-recipe",
        action="store_true",
        help="print the recipe with its reasons; train no model",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where the model goes (DATA-model)"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="of all that is drawn (0)"
    )
    parser.add_argument(
        "--as-script",
        type=Path,
        metavar="FILE",
        help="also write the same training as a plain PyTorch script",
    )
    parser.add_argument("--export", choices=("onnx",), help="also write the model in this form")
    parser.add_argument(
        "--resume", action="store_true", help="go on where Ctrl-C, or worse, ended the same command"
    )
    parser.add_argument(
        "--log-with",
        type=_names,
        default=(),
        metavar="TRACKERS",
        help="tell TensorBoard or others as well, comma-separated: tensorboard, wandb, mlflow ...",
    )


def _add_predicting(commands: Any) -> None:
    parser = _add_command(
        commands,
        "predict",
        "what a trained model says of new data",
        "Print a table with a row for each example of DATA: its class, labels or quantities. Where DATA "
        "have the targets as well, the last line on standard error says how good the predictions are.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="MODEL", help="a folder that unstuck fit wrote"
    )
    parser.add_argument("data", metavar="DATA", help="as for unstuck fit; or one image")
    parser.add_argument(
        "--out", type=Path, default=Path("-"), metavar="FILE", help="a CSV file (standard output)"
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="also the probability of each class or label"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="targets to judge by")
    parser.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="module:factory, if the net is your own: it is run",
    )


def _add_explaining(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="*", metavar="NAME", help="non-finite-loss, q03, weights zero"
    )
    parser.add_argument(
        "--prove", action="store_true", help="run the question's experiment here and judge it"
    )
    parser.add_argument("--all", action="store_true", help="with --prove: all 22 questions")
    parser.add_argument(
        "--seed", type=_seed, metavar="N", help="with --prove: the first of the 5 seeds (0)"
    )
    parser.add_argument(
        "--evidence",
        type=_folder,
        metavar="FOLDER",
        help="with --prove: write the numbers there as JSON",
    )
    parser.add_argument("--html", action="store_true", help="open the page with its picture")
    parser.add_argument(
        "--on",
        nargs=argparse.REMAINDER,
        metavar="SCRIPT",
        help="ask the question of a script of yours; what follows SCRIPT goes to it",
    )


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > LAST_SEED:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no seed; give a whole number from 0 to {LAST_SEED}"
        )
    return int(text)


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("no folder given")
    return Path(text)


def _add_command(
    commands: Any, name: str, summary: str, description: str, **how: Any
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=textwrap.fill(description, 88),
        epilog=_EXAMPLES[name] + ("" if name not in _WITH_EXITS else "\n" + _EXITS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        **how,
    )
    return parser


def _add_watching(commands: Any) -> None:
    for name, what, more in (
        (
            "check",
            "watch the first steps, say what is wrong, and stop the script there",
            "Up to there the script runs as always and writes what it writes; it is stopped as by a "
            "kill, and nothing of it runs afterwards.",
        ),
        (
            "run",
            "watch the whole run without changing it",
            "Standard output, weights and exit code are those of python; standard error has our lines "
            "besides.",
        ),
    ):
        parser = _add_command(
            commands,
            name,
            what,
            f"{what.capitalize()}. Everything after SCRIPT belongs to the script. {more}",
            usage=f"unstuck {name} [options] SCRIPT [ARGS...]",
        )
        parser.add_argument(
            "-m", dest="module", action="store_true", help="SCRIPT is a module, as in python -m"
        )
        if name == "check":
            parser.add_argument("--steps", type=int, help="training steps to watch (200)")
            parser.add_argument(
                "--seconds", type=float, help="seconds of training to watch at most (60)"
            )
        _add_outputs(parser, "also write the report")
        parser.add_argument(
            "--quiet", action="store_true", help="no progress and no report on stderr"
        )
        _add_proving(parser)
        if name == "check":
            _add_search(parser)
            _add_fail_on(parser)
        _add_selection(parser)
        parser.add_argument("script", nargs=argparse.REMAINDER, metavar="SCRIPT [ARGS...]")


def _add_proving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-prove", action="store_true", help="do not replay the run to prove what is found"
    )
    parser.add_argument(
        "--budget",
        type=_duration,
        metavar="TIME",
        help="time for the replays: 90, 90s, 15m (30s)",
    )
    parser.add_argument(
        "--rerun",
        action="store_true",
        help="where the run cannot be held (a GPU), start the script again for each replay",
    )


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--learning-rate",
        action="store_true",
        help="instead of proving, replay the run with 13 learning rates and print how each does",
    )
    parser.add_argument(
        "--thorough", action="store_true", help="with --learning-rate: 200 steps instead of 100"
    )


def _duration(text: str) -> float:
    """Seconds, of ``90``, ``90s``, ``15m`` or ``2h``."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give 90s or 15m")
    return seconds


def _add_outputs(parser: argparse.ArgumentParser, write: str, where: str = "") -> None:
    for option, form in (("--json", "as JSON"), ("--html", "as one HTML page")):
        parser.add_argument(option, type=Path, metavar="FILE", help=f"{write} {form}{where}")


def _add_fail_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "note", "never"),
        help="the mildest finding that makes the exit code 1 (warning)",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--select", type=_names, metavar="CHECKS", help="only these, comma-separated"
    )
    parser.add_argument(
        "--ignore", type=_names, metavar="CHECKS", help="not these, comma-separated"
    )
