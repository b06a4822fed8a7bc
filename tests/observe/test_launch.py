"""A script is started and left as plain python does it, held against plain python."""

import json
import re
import signal
import zipfile

import pytest

from unstuck.observe import launch

PROBE = """
import json, os, sys
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "name": __name__, "file": __file__, "package": __package__,
    "spec": __spec__ and __spec__.name, "cwd": os.getcwd(), "globals": sorted(globals()),
    "doc": __doc__, "loader": str(__loader__).split("object")[0], "builtins": str(__builtins__),
    "is main": sys.modules["__main__"].__dict__ is globals(), "stdin": sys.stdin.read(),
}))
"""


def pack(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", PROBE)


@pytest.fixture
def forms(place):
    """One script in every form; the place to run them in."""
    for name in (
        "probe.py",
        "sub/probe.py",
        "package/__main__.py",
        "package/inner.py",
        "folder/__main__.py",
        "ein Ordner/Größe 学习.py",
    ):
        place.write(name, PROBE)
    place.write("package/__init__.py", "")
    (place.folder / "link.py").symlink_to(place.folder / "sub" / "probe.py")
    pack(place.folder / "app.zip")
    pack(place.folder / "app.data")
    return place


WAYS = {
    "relative": ["sub/probe.py", "a", "--json", "-m", "--", "--help"],
    "dot": ["./probe.py"],
    "symlink": ["link.py", "--steps", "3"],
    "module": ["-m", "probe", "a"],
    "module of a package": ["-m", "package.inner"],
    "package": ["-m", "package", "--quiet"],
    "folder": ["folder", "a"],
    "zip": ["app.zip", "a b"],
    "zip by another name": ["./app.data"],
    "spaces and other letters": ["ein Ordner/Größe 学习.py", "ä ö"],
}


def same_start(place, words, before=(), **how):
    plain = place.python(*before, *words, given="typed\n", **how)
    watched = place.unstuck("run", "--quiet", *words, before=before, given="typed\n", **how)
    assert (watched.stderr, watched.returncode) == (plain.stderr, 0)
    assert json.loads(watched.stdout) == json.loads(plain.stdout)
    assert json.loads(plain.stdout)["stdin"] == "typed\n"


@pytest.mark.parametrize("words", WAYS.values(), ids=WAYS)
def test_a_script_starts_as_under_python(forms, words):
    same_start(forms, words)


def test_a_script_starts_as_under_python_from_another_folder(forms, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("probe.py", "folder", "app.zip"):
        same_start(forms, [forms.folder / name], cwd=elsewhere)


@pytest.mark.parametrize("words", [["probe.py"], ["folder"], ["-m", "probe"]], ids=str)
def test_a_script_starts_as_under_python_with_a_safe_path(forms, words):
    if words[0] == "-m":
        same_start(forms, words, env={"PYTHONPATH": str(forms.folder), "PYTHONSAFEPATH": "1"})
    else:
        same_start(forms, words, before=["-P"])


def test_workers_of_multiprocessing_find_the_script(place):
    place.write(
        "train.py",
        """
        import multiprocessing, sys
        def work(n):
            return n + len(sys.argv), __name__
        class Picklable:
            pass
        if __name__ == "__main__":
            import pickle
            assert type(pickle.loads(pickle.dumps(Picklable()))) is Picklable
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                print(pool.map(work, [1, 2]))
        """,
    )
    for words in (["train.py", "a"], ["-m", "train", "a"]):
        plain, watched = place.python(*words), place.unstuck("run", "--quiet", *words)
        assert "__mp_main__" in plain.stdout
        assert (watched.stdout, watched.stderr) == (plain.stdout, plain.stderr)


def test_workers_that_spawn_without_a_guard_fail_as_under_python(place):
    """The worker runs the script again; its traceback and that of the loader are theirs, not ours."""
    place.write(
        "train.py",
        """
        import torch
        x = torch.ones(4, 2)
        for each in torch.utils.data.DataLoader(x, num_workers=1, multiprocessing_context="spawn"):
            print(each)
        """,
    )
    plain, watched = place.python("train.py"), place.unstuck("run", "--quiet", "train.py")
    assert "An attempt has been made to start a new process before" in plain.stderr
    assert (watched.stdout, watched.returncode) == (plain.stdout, plain.returncode) == ("", 1)
    assert _without_pids(watched.stderr) == _without_pids(plain.stderr)


def _without_pids(text):
    return re.sub(r"(pid\S*) \d+", r"\1", text)


ENDINGS = {
    "last line": "print('end')",
    "exit": "import sys; sys.exit()",
    "exit 0": "import sys; sys.exit(0)",
    "exit 3": "import sys; sys.exit(3)",
    "exit 130": "import sys; sys.exit(130)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit True": "raise SystemExit(True)",
    "exit text": "import sys; sys.exit('no data')",
    "os._exit": "import os; print('lost'); os._exit(7)",
    "exception": "def f():\n    1 / 0\nf()",
    "assertion": "assert 1 == 2, 'text'",
    "of ours": "from unstuck.errors import UsageError\nraise UsageError('theirs', 'hint')",
    "broken pipe": "raise BrokenPipeError(32, 'theirs')",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "cause": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('x') from e",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['x']",
    "group": "def f():\n    raise OSError('a')\n"
    "try:\n    f()\nexcept OSError as e:\n    raise ExceptionGroup('g', [e, ValueError('b')])",
    "syntax": "x = 1\nif x\n    pass",
    "import": "import nothing_of_that_name",
    "import of a broken module": "import broken",
    "hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0], a[2].tb_lineno)\n1 / 0",
    "hook that raises": "import sys\ndef hook(*a):\n    {}['x']\nsys.excepthook = hook\n1 / 0",
    "hook that exits": "import sys\nsys.excepthook = lambda *a: sys.exit(5)\n1 / 0",
    "at exit": "import atexit\natexit.register(print, 'at exit')\n1 / 0",
    "at exit that raises": "import atexit\nclass Act:\n    def __repr__(self): return 'act'\n"
    "    def __call__(self): 1 / 0\natexit.register(Act())",
    "thread that raises": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='t')\n"
    "t.start(); t.join()",
    "thread that goes on": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(.2), print('late'))).start()\nprint('main')",
    "stdout closed": "import sys\nprint('x'); sys.stdout.flush(); sys.stdout.close()",
    "stderr closed": "import sys\nsys.stderr.close(); sys.stderr = None",
    "own streams": "import io, sys\nsys.stderr = io.StringIO(); print('x', file=sys.stderr)",
    # Since Python 3.12 forking beside a thread, such as the clock of a check, is warned of.
    "forked child": "import os, sys, warnings\nwarnings.simplefilter('ignore')\n"
    "if not os.fork():\n    sys.exit(3)\nprint(os.wait()[1])",
}
OURS_OF_CHECK = {"os._exit": 7, "keyboard interrupt": -signal.SIGINT}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_script_ends_as_under_python(place, name):
    place.write("broken.py", "def f(:\n")
    place.write("script.py", ENDINGS[name])
    plain = place.python("script.py")
    watched = place.unstuck("run", "--quiet", "script.py")
    assert (watched.stdout, watched.stderr) == (plain.stdout, plain.stderr)
    assert watched.returncode == plain.returncode
    checked = place.unstuck("check", "--quiet", "script.py")
    assert (checked.stdout, checked.stderr) == (plain.stdout, plain.stderr)
    assert checked.returncode == OURS_OF_CHECK.get(name, 4 if plain.returncode else 2)


def test_a_module_ends_as_under_python(place):
    place.write("package/__init__.py", "import nothing_of_that_name")
    place.write("package/train.py", "")
    place.write("zero.py", "1 / 0")
    place.write("folder/__main__.py", "1 / 0")
    for words in (["-m", "package.train"], ["-m", "zero"], ["-m", "zero.inner"], ["folder"]):
        plain, watched = place.python(*words), place.unstuck("run", "--quiet", *words)
        assert (watched.stderr, watched.returncode) == (plain.stderr, 1)


def test_torch_errors_and_warnings_show_no_frame_of_ours(place):
    place.write(
        "train.py",
        """
        import torch
        from torch.nn import functional as F

        net = torch.nn.Linear(2, 2)
        F.mse_loss(net(torch.zeros(3, 2)), torch.zeros(2)).backward()
        try:
            F.cross_entropy(torch.zeros(3, 2), torch.zeros(2).long())
        except ValueError as error:
            first = error
        try:
            torch.zeros(1).backward()
        except RuntimeError as error:
            second = error
        try:
            torch.autograd.grad(torch.zeros(1), [torch.zeros(1)])
        except RuntimeError as error:
            raise ExceptionGroup("all", [first, second]) from error
        """,
    )
    plain, watched = place.python("train.py"), place.unstuck("run", "--quiet", "train.py")
    assert "train.py:6: UserWarning: Using a target size" in plain.stderr
    assert plain.stderr.count("Traceback") == 4
    assert (watched.stderr, watched.returncode) == (plain.stderr, plain.returncode)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_script_as_under_python(place, number):
    place.write("script.py", "import time\nprint('ready', flush=True)\ntime.sleep(30)\n")
    codes = {}
    for name, words in {
        "python": [],
        "run": [place.console, "run", "--quiet"],
        "check": ["-m", "unstuck", "check", "--quiet"],
    }.items():
        with place.start(*words, "script.py") as process:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            process.communicate(timeout=30)
            codes[name] = process.returncode
    assert codes == dict.fromkeys(codes, -number)


def test_a_handler_of_the_script_is_called(place):
    place.write(
        "script.py",
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *a: sys.exit(9))
        print("ready", flush=True)
        time.sleep(30)
        """,
    )
    with place.start("-m", "unstuck", "run", "--quiet", "script.py") as process:
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 9


SETTINGS = """
import gc, json, locale, logging, os, signal, sys, threading, warnings

def stream(s):
    return [s.encoding, s.errors, s.line_buffering, s.write_through, s.newlines, type(s).__name__]

def handlers():
    return {s.name: str(signal.getsignal(s)).split(" at ")[0] for s in signal.valid_signals()
            if isinstance(s, signal.Signals)}

umask = os.umask(0)
os.umask(umask)
found = {
    "heavy": [n for n in ("torch", "numpy", "rich", "jinja2", "altair") if n in sys.modules],
    "signals": handlers(), "flags": str(sys.flags), "filters": [str(f) for f in warnings.filters],
    "logging": [str(logging.root.handlers), logging.root.level, logging.raiseExceptions],
    "locale": locale.setlocale(locale.LC_ALL), "umask": umask, "cwd": os.getcwd(),
    "env": dict(os.environ), "threads": threading.active_count(),
    "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__,
              sys.unraisablehook is sys.__unraisablehook__, str(sys.gettrace()), str(sys.getprofile()),
              threading.excepthook is threading.__excepthook__],
    "recursion": sys.getrecursionlimit(), "switch": sys.getswitchinterval(),
    "streams": [stream(sys.stdin), stream(sys.stdout), stream(sys.stderr)],
    "same streams": [sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__],
    "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks, gc.get_freeze_count()],
    "warnoptions": sys.warnoptions, "xoptions": sys._xoptions, "bytecode": sys.dont_write_bytecode,
    "digits": sys.get_int_max_str_digits(), "path hooks": len(sys.path_hooks),
}
"""
TORCH_SETTINGS = (
    SETTINGS
    + """
import importlib.util
before = importlib.util.find_spec("torch")  # asking where torch is must not blind us
os.environ["OMP_NUM_THREADS"] = "1"
import torch
logging.basicConfig(level=logging.DEBUG, format="theirs %(name)s %(message)s")
cudnn = torch.backends.cudnn
found |= {
    "signals after torch": handlers(), "warnings after torch": [str(f) for f in warnings.filters],
    "finders": [str(f).split(" at ")[0] for f in sys.meta_path],
    "loader": [type(torch.__spec__.loader).__name__, type(torch.__loader__).__name__],
    "where": [before.origin, before.submodule_search_locations, torch.__spec__.origin],
    "torch threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
    "modes": [torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled(),
              torch.are_deterministic_algorithms_enabled(), torch.is_autocast_enabled("cpu"),
              torch.get_float32_matmul_precision(), str(torch.get_default_dtype()),
              str(torch.get_default_device()), cudnn.enabled, cudnn.benchmark, cudnn.deterministic],
    "threads after torch": threading.active_count(),
}
net = torch.nn.Linear(2, 2)
net(torch.zeros(1, 2)).sum().backward()
found["hooks of a module"] = [len(net._forward_hooks), len(net._forward_pre_hooks)]
print(json.dumps(found))
"""
)


def test_the_process_is_as_under_python(place):
    place.write("script.py", TORCH_SETTINGS)
    plain, watched = place.python("script.py"), place.unstuck("run", "--quiet", "script.py")
    assert watched.stderr == plain.stderr
    expected, found = json.loads(plain.stdout), json.loads(watched.stdout)
    assert {name: found[name] for name in found if found[name] != expected[name]} == {}
    assert expected["heavy"] == []
    assert expected["torch threads"][0] == 1
    assert "1 backward pass" in place.record()["script"]["training"]


def test_a_check_adds_one_thread_and_nothing_else(place):
    place.write("script.py", SETTINGS + "print(json.dumps(found))")
    plain, checked = place.python("script.py"), place.unstuck("check", "--quiet", "script.py")
    expected, found = json.loads(plain.stdout), json.loads(checked.stdout)
    assert found == expected | {"threads": expected["threads"] + 1}


@pytest.mark.parametrize("world", ["", "0", "1", "x", "²"])
def test_one_process_is_watched(monkeypatch, world):
    monkeypatch.setenv("WORLD_SIZE", world)
    launch.refuse_several_processes(launch.Target("train.py"))


def test_the_command_is_shown_as_it_was_given():
    target = launch.parse(["package.train", "--lr", "1"], is_module=True)
    assert (target.command, target.label) == ("-m package.train --lr 1", "package.train")
    assert launch.parse(["a/train.py"], is_module=False).label == "train.py"
