"""Start a script as ``python`` would, and leave it as ``python`` would."""

import contextlib
import functools
import importlib.util
import os
import pkgutil
import runpy
import shlex
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

from unstuck.errors import INTERRUPTED, ScriptNotFound, UsageError
from unstuck.observe.locate import UNSEEN
from unstuck.observe.tracebacks import as_if_unhooked

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_SCRIPT = "give the path of a Python file: unstuck check train.py"
_LAUNCHERS = ("torch.distributed.run", "torch.distributed.launch", "torchrun")


@dataclass(frozen=True)
class Target:
    """What to run: a script (file, folder or zip with ``__main__``) or a module, and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False

    @property
    def command(self) -> str:
        """The command after ``python``, as one would type it."""
        return shlex.join(self.words)

    @property
    def words(self) -> list[str]:
        """The words after ``python``."""
        return (["-m"] if self.is_module else []) + [self.name, *self.arguments]

    @property
    def label(self) -> str:
        """A short name: ``train.py``, or the module."""
        return self.name if self.is_module else Path(self.name).name


def refuse_several_processes(target: Target) -> None:
    """Say no to a launch of several processes, before anything starts.

    Raises:
        UsageError: under torchrun with more than one process, or when asked to watch torchrun.
    """
    launcher = target.name in _LAUNCHERS or Path(target.name).name == "torchrun"
    world = os.environ.get("WORLD_SIZE", "")
    if launcher or (world.isdecimal() and int(world) > 1):
        raise UsageError(
            "several processes (torchrun) cannot be watched yet",
            "run the script in one process: unstuck check train.py",
        )


def does_not_mention(target: Target, option: str) -> bool:
    """Whether the script is a file that can be read and in which the option's name does not stand."""
    try:
        return not target.is_module and option.encode() not in Path(target.name).read_bytes()
    except OSError:
        return False


def prepare(target: Target) -> Callable[[], None]:
    """Set ``sys.argv``, ``sys.path`` and ``__main__`` as ``python`` does; return what runs it.

    Raises:
        ScriptNotFound: there is no such file or module, or it cannot be read.
    """
    if target.is_module:
        return _prepare_module(target)
    # As python decides: a folder or a zip file, whatever its name, has an importer.
    if pkgutil.get_importer(target.name) is not None:
        return _prepare_folder(target)
    return _prepare_file(target)


def _prepare_module(target: Target) -> Callable[[], None]:
    _set_path(os.getcwd())  # noqa: PTH109 - sys.path holds strings
    # Only the outermost package: looking inside would run it, and that belongs to the script.
    if not _can_be_found(target.name.partition(".")[0]):
        raise ScriptNotFound(f"no module named {target.name}", "name it as after python -m")
    sys.argv = ["-m", *target.arguments]
    _fresh_main()
    return functools.partial(_run_as_main, target.name)


def _can_be_found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _prepare_folder(target: Target) -> Callable[[], None]:
    if PathFinder.find_spec("__main__", [target.name]) is None:
        raise ScriptNotFound(f"no __main__ in {target.name}", _SCRIPT)
    sys.argv = [target.name, *target.arguments]
    if sys.flags.safe_path:
        sys.path.insert(0, "")  # python puts it there even then
    sys.path[0] = _absolute(target.name)
    _fresh_main()
    return functools.partial(_run_as_main, "__main__", alter_argv=False)


def _run_as_main(name: str, *, alter_argv: bool = True) -> None:
    runpy._run_module_as_main(name, alter_argv)  # type: ignore[attr-defined]


def _prepare_file(target: Target) -> Callable[[], None]:
    try:
        source = Path(target.name).read_bytes()
    except FileNotFoundError as error:
        raise ScriptNotFound(f"no such script: {target.name}", _SCRIPT) from error
    except OSError as error:
        raise ScriptNotFound(f"cannot read {target.name}: {error.strerror}", _SCRIPT) from error
    sys.argv = [target.name, *target.arguments]
    _set_path(str(Path(os.path.realpath(target.name)).parent))
    module = _fresh_main()
    module.__file__ = _absolute(target.name)
    module.__dict__["__cached__"] = None
    module.__loader__ = SourceFileLoader("__main__", module.__file__)
    return functools.partial(_execute, source, module.__file__, module)


def _execute(source: bytes, path: str, module: types.ModuleType) -> None:
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _absolute(name: str) -> str:
    """As python makes it: neither links nor dots are resolved."""
    return os.path.join(os.getcwd(), name)  # noqa: PTH109, PTH118


def _set_path(first: str) -> None:
    if not sys.flags.safe_path:
        sys.path[0] = first


def _fresh_main() -> types.ModuleType:
    """A ``__main__`` with nothing of ours in it; the old one is kept alive for our own frames."""
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    module.__annotations__ = {}
    _KEPT.append(sys.modules["__main__"])
    sys.modules["__main__"] = module
    return module


_KEPT: list[types.ModuleType] = []


def show_only_their_frames() -> None:
    """Wrap the excepthook, whoever set it, so that a traceback starts in the script."""
    shown = sys.excepthook

    def peeled(
        kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
    ) -> None:
        for each in _connected(error):
            each.__traceback__ = _without_ours(each.__traceback__)
        try:
            shown(kind, error, _without_ours(trace))
        except BaseException as failure:  # python prints this one, too
            failure.__traceback__ = _without_ours(failure.__traceback__)
            raise

    sys.excepthook = peeled


def _connected(error: BaseException) -> list[BaseException]:
    """The exception, its causes and contexts, and the members of groups."""
    found: list[BaseException] = [error]
    for each in found:  # grows while it is walked
        members = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        near = (each.__cause__, each.__context__, *members)
        found += [n for n in near if n is not None and not any(n is known for known in found)]
    return found


def _without_ours(trace: types.TracebackType | None) -> types.TracebackType | None:
    """The same traceback without the frames that started the script, and without our wrappers."""
    frames: list[types.TracebackType] = []
    while trace is not None:
        frames.append(trace)
        if trace.tb_frame.f_code in _STARTERS:
            frames.clear()
        trace = trace.tb_next
    kept: types.TracebackType | None = None
    for each in reversed(as_if_unhooked(frames)):
        if not each.tb_frame.f_code.co_filename.startswith((_PACKAGE, UNSEEN)):
            kept = types.TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return kept


_STARTERS = (_execute.__code__, _run_as_main.__code__)


def exit_code(error: BaseException) -> int:
    """The code that ``python`` leaves with after this exception, as a shell sees it."""
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def remain_interrupted() -> None:
    """Let the process end by SIGINT after all, as python does when Ctrl-C ended the script.

    CPython remembers whether the last text that it executed was interrupted, and the modules that a
    report imports execute text (dataclasses, named tuples).
    """
    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def parse(words: Sequence[str], is_module: bool) -> Target:
    """The target of a command line: its name and everything after it.

    Raises:
        UsageError: there is no name.
    """
    if not words:
        what = "module" if is_module else "script"
        raise UsageError(f"no {what} given", "unstuck check train.py [ARGS...]")
    return Target(words[0], tuple(words[1:]), is_module)
