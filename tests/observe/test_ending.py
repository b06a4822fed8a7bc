"""The process ends at once, with its output flushed and its children gone."""

import time
from pathlib import Path

import pytest


def is_gone(process):
    """Ended, though perhaps not yet waited for by whoever inherited it."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def all_gone(processes, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not all(map(is_gone, processes)):
        time.sleep(0.05)
    return all(map(is_gone, processes))


def test_nothing_of_the_script_runs_and_its_output_is_there(place):
    place.write(
        "script.py",
        """
        import atexit, io, sys
        from unstuck.observe.ending import end_process
        atexit.register(print, "at exit")
        class Broken(io.StringIO):
            def flush(self):
                raise RuntimeError("theirs")
        print("out")
        print("err", end="", file=sys.stderr)
        sys.stdout = Broken()
        try:
            end_process(7)
        except BaseException:
            print("handler")
        finally:
            print("finally")
        """,
    )
    done = place.python("script.py")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err", 7)


def test_no_signal_handler_of_the_script_runs_when_its_children_die(place):
    """torch's handler raises when a loader's worker is killed: a check once ended with code 3."""
    place.write(
        "script.py",
        """
        import io, signal, subprocess, sys, time
        from unstuck.observe.ending import end_process
        def handler(*_):
            print("HANDLER", file=sys.__stderr__, flush=True)
            raise RuntimeError("theirs")
        signal.signal(signal.SIGCHLD, handler)
        class Slow(io.StringIO):
            def flush(self):
                time.sleep(1)
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        sys.stdout = Slow()
        end_process(7)
        """,
    )
    done = place.python("script.py")
    assert (done.stderr, done.returncode) == ("", 7)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_children_and_theirs_are_gone(place):
    place.write(
        "script.py",
        """
        import multiprocessing, subprocess, sys, time
        from unstuck.observe.ending import end_process
        def work(queue):
            inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            queue.put(inner.pid)
            time.sleep(60)
        if __name__ == "__main__":
            pids = []
            for method in ("fork", "spawn", "forkserver"):
                context = multiprocessing.get_context(method)
                queue = context.SimpleQueue()
                worker = context.Process(target=work, args=(queue,))
                worker.start()
                pids += [worker.pid, queue.get()]
            print(*pids)
            end_process(0)
        """,
    )
    # Files, not pipes: a child that stays would keep a pipe open, and the test waiting.
    with open(place.folder / "out", "w") as out, place.start("script.py", stdout=out) as process:
        assert process.wait(30) == 0
    children = [int(word) for word in (place.folder / "out").read_text().split()]
    assert len(children) == 6
    assert all_gone(children)
