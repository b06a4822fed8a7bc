"""Something is done right after torch is imported. A folder named torch stands in for it."""

SCRIPT = """
import importlib, importlib.util, os, sys
from unstuck.observe.arming import after_torch
done = []
after_torch(lambda: done.append(torch_version()))
def torch_version():
    return sys.modules["torch"].version
"""


def torch_of(place, text="version = 1\n"):
    place.write("torch/__init__.py", text)
    place.write("torch/data.txt", "text")


def ran(place, text):
    place.write("script.py", SCRIPT + text)
    done = place.python("script.py")
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.split()


def test_it_is_done_once_after_the_import_and_no_trace_stays(place):
    torch_of(place)
    text = """
print(len(done))
import torch, torch as again
importlib.reload(torch)
print(len(done), type(torch.__loader__).__name__, torch.__spec__.loader is torch.__loader__)
print(any("unstuck" in type(each).__module__ for each in sys.meta_path))
after_torch(lambda: print("at once"))
"""
    assert ran(place, text) == ["0", "1", "SourceFileLoader", "True", "False", "at", "once"]


def test_asking_where_torch_is_is_not_importing_it(place):
    torch_of(place)
    text = """
spec = importlib.util.find_spec("torch")
print(len(done), spec.loader.get_data(os.path.join("torch", "data.txt")).decode())
import torch
print(len(done), torch.__spec__.origin == spec.origin)
"""
    assert ran(place, text) == ["0", "text", "1", "True"]


def test_an_import_that_fails_may_be_tried_again(place):
    torch_of(place, "import os\nversion = 1 / len(os.environ.get('READY', ''))\n")
    text = """
try:
    import torch
except ZeroDivisionError:
    os.environ["READY"] = "1"
import torch
print(done)
"""
    assert ran(place, text) == ["[1.0]"]


def test_torch_that_is_not_there_is_missed_as_ever(place):
    text = """
sys.path_importer_cache.clear()
sys.path[:] = [os.getcwd()]
try:
    import torch
except ModuleNotFoundError as error:
    print(error.name, importlib.util.find_spec("torch"), len(done))
"""
    assert ran(place, text) == ["torch", "None", "0"]


def test_a_forked_child_that_imports_torch_does_nothing(place):
    torch_of(place)
    text = """
if not os.fork():
    import torch
    print(done, flush=True)
    os._exit(0)
os.wait()
import torch
print(done)
"""
    assert ran(place, text) == ["[]", "[1]"]
