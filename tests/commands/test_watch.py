"""``check`` and ``run`` on small scripts, in processes of their own."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "json.md"

TRAIN = """
import sys, torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(16, 4), torch.arange(16) % 3
def train(steps):
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def is_gone(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def documented(heading):
    """The fields and types of one table of the documentation."""
    section = DOCUMENT.read_text().split(f"\n## {heading}\n")[1].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", section, re.MULTILINE))


TYPES = {"string": str, "number": (int, float), "object": dict, "array": list, "null": type(None)}


def fits(value, fields):
    assert list(value) == list(fields)
    for name, kinds in fields.items():
        allowed = tuple(TYPES[kind] for kind in kinds.split(" or "))
        assert any(isinstance(value[name], kind) for kind in allowed), name


def fits_the_document(report):
    fits(report, documented("The run"))
    fits(report["script"], documented("`script`"))
    for finding in [*report["findings"], *report["ignored"]]:
        fits(finding, documented("A finding"))
        if finding["location"]:
            fits(finding["location"], documented("`location`"))


def test_a_check_stops_like_a_kill(checked):
    assert checked.code == 1
    out = (checked.folder / "out").read_text()
    lines = out.splitlines()
    assert out.count("step ") == 6  # flushed, and not a step more
    assert not {"AT EXIT", "HANDLER", "FINALLY"} & set(lines)
    assert not (checked.folder / "checkpoint.pt").exists()
    processes = [int(word) for word in re.findall(r"\d+", out)]
    assert len(processes) >= 3
    until = time.monotonic() + 5
    while time.monotonic() < until and not all(map(is_gone, processes)):
        time.sleep(0.05)
    assert all(map(is_gone, processes))


def test_a_check_says_at_once_that_it_watches_and_then_what_it_found(checked):
    err = (checked.folder / "err").read_text()
    assert err.startswith("unstuck: watching train.py · step 0/6 · at most")
    assert err.index("unstuck: watching") < err.index("first line of work")
    assert "Warning: cross_entropy receives probabilities" in err
    assert "train.py:15  net = nn.Sequential" in err
    assert "Traceback" not in err


def test_the_files_that_were_asked_for_are_there(checked):
    fits_the_document(checked.json)
    script = checked.json["script"]
    assert (script["command"], script["ended"], script["exit"]) == ("train.py", "stopped", None)
    assert (script["steps"], script["batch"], script["samples"]) == (6, 16, 64)
    assert [f["check"] for f in checked.json["findings"]] == ["softmax-before-cross-entropy"]
    assert "cross_entropy receives probabilities" in (checked.folder / "r.html").read_text()
    assert checked.record()["name"] == checked.json["name"]


def impatient(place, grace):
    """The console, with another time in which a training must begin."""
    return place.write(
        "impatient.py",
        f"""
        import sys
        from unstuck import cli
        from unstuck.commands import watch
        watch.GRACE = {grace}
        sys.exit(cli.main())
        """,
    )


def test_a_script_that_makes_no_step_is_ended_by_the_clock(place):
    place.write(
        "wait.py",
        """
        import time
        try:
            time.sleep(60)
        finally:
            print("FINALLY", flush=True)
        """,
    )
    begun = time.monotonic()
    done = place.python(impatient(place, 1), "check", "--seconds", "0.1", "wait.py")
    assert 3 < time.monotonic() - begun < 30
    assert (done.stdout, done.returncode) == ("", 2)
    assert "The script had not imported torch when it was stopped." in flat(done.stderr)
    script = place.record()["script"]
    assert (script["ended"], script["stopped_by"]) == ("stopped", "seconds")


def test_a_script_that_was_still_importing_torch_is_not_said_to_do_without(place):
    place.write("torch/__init__.py", "import time\ntime.sleep(60)\n")
    place.write("train.py", "import torch\n")
    done = place.python(impatient(place, 1), "check", "--seconds", "0.1", "train.py")
    assert "Torch was still being imported." in flat(done.stderr)
    assert done.returncode == 2


def test_a_script_that_breaks_before_torch_is_not_said_to_do_without(place):
    for text, name in (("if x\n", "SyntaxError"), ("import nope\n", "ModuleNotFoundError")):
        place.write("train.py", text)
        done = place.unstuck("check", "train.py")
        assert f"The script raised {name} before it imported torch." in flat(done.stderr)
        assert f"the script raised {name} (exit code 1)" in flat(done.stderr)
        assert "did not import torch" not in done.stderr
        assert done.returncode == 4


def test_the_seconds_count_from_the_first_training_forward(place):
    """However slow the import is, and whatever comes before the training."""
    slow = TRAIN.replace("import sys, torch", "import sys, time, torch\ntime.sleep(2.5)")
    place.write("train.py", slow + "train(5)\nprint('end', flush=True)\n")
    done = place.unstuck("check", "--seconds", "1.5", "train.py")
    assert (done.stdout, place.record()["script"]["steps"]) == ("end\n", 5)
    assert "the script finished" in flat(done.stderr)


def test_the_time_limit_is_called_by_its_name_and_the_verdict_says_how_little_was_seen(place):
    healthy = TRAIN.replace(", nn.Softmax(dim=1)", "").replace(
        "in range", "in __import__('time').sleep(0.04) or range"
    )
    place.write("train.py", healthy + "while True: train(1)\n")
    words = ["--seconds", "3", "--steps", "9000", "--select", "softmax-before-cross-entropy"]
    done = place.unstuck("check", *words, "train.py")
    seen = flat(done.stderr)
    assert "stopped by check at the time limit" in seen
    assert "enough steps" not in seen
    assert re.search(r"(Nothing|Too little).* \d+ of 9,000 training steps in 3 s", seen)
    assert done.returncode == 0


def flat(text):
    return " ".join(text.split())


def test_a_script_that_ends_by_itself_ends_whole(place):
    place.write(
        "train.py",
        TRAIN
        + """
import atexit, logging, threading, time
atexit.register(print, "at exit")
logging.basicConfig(level=logging.DEBUG, format="theirs %(message)s")
thread = threading.Thread(target=lambda: (time.sleep(0.3), train(5), print("trained")))
thread.start()
print("main")
""",
    )
    for command, code in (("run", 0), ("check", 1)):
        done = place.unstuck(command, "--quiet", "--json", "r.json", "train.py")
        assert (done.stdout, done.stderr) == ("main\ntrained\nat exit\n", "")
        assert done.returncode == code
        report = json.loads((place.folder / "r.json").read_text())
        fits_the_document(report)
        assert report["script"]["steps"] == 5
        assert (report["script"]["ended"], report["script"]["exit"]) == ("finished", 0)


def test_a_run_says_findings_early_and_leaves_everything_else(place):
    # On a busy machine steps pass lightly, and looks come four times a second.
    slowly = "import time\nfor _ in range(150):\n    train(1)\n    time.sleep(0.01)\n"
    place.write("train.py", TRAIN + slowly + "print('end')\nsys.exit(6)\n")
    done = place.unstuck("run", "--html", "r.html", "train.py")
    assert (done.stdout, done.returncode) == ("end\n", 6)
    said = r"unstuck: from step 0 on \(seen by step \d+\): cross_entropy receives probabilities"
    assert re.search(said, done.stderr)
    assert "the script itself failed (exit code 6)" in " ".join(done.stderr.split())
    assert (place.folder / "r.html").exists()


def test_a_killed_run_can_be_reported(place):
    place.write(
        "train.py",
        TRAIN
        + """
import time
for _ in range(1000):
    train(2)
    time.sleep(0.02)
    print("trained", flush=True)
""",
    )
    with place.start(place.console, "run", "--quiet", "train.py") as process:
        for _ in range(20):
            process.stdout.readline()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    done = place.unstuck("report", "--json", "-")
    report = json.loads(done.stdout)
    fits_the_document(report)
    assert report["script"]["ended"] == "running"
    assert [f["check"] for f in report["findings"]] == ["softmax-before-cross-entropy"]
    assert done.returncode == 1
    assert "killed" in place.unstuck("report").stdout


def test_a_run_killed_before_its_first_step_can_be_reported(place):
    place.write("older.py", TRAIN + "train(2)\n")
    place.unstuck("run", "--quiet", "older.py")
    place.write("train.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    with place.start(place.console, "run", "train.py") as process:
        process.stdout.readline()
        process.kill()
    done = place.unstuck("report")
    assert "-train-" in done.stdout.splitlines()[0]
    assert "Nothing was seen yet" in done.stdout
    assert done.returncode == 2


def test_a_comment_on_the_line_ignores_a_finding(place):
    ignored = TRAIN.replace("dim=1))", "dim=1))  # unstuck: ignore[softmax-before-cross-entropy]")
    place.write("train.py", ignored + "train(3)\n")
    done = place.unstuck("check", "--json", "r.json", "train.py")
    report = json.loads((place.folder / "r.json").read_text())
    fits_the_document(report)
    assert report["findings"] == []
    assert [f["check"] for f in report["ignored"]] == ["softmax-before-cross-entropy"]
    assert done.returncode == 0
    assert "Ignored" in done.stderr


def test_a_comment_on_any_line_of_the_statement_ignores_a_finding(place):
    spread = TRAIN.replace(
        "nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))",
        "nn.Sequential(\n    nn.Linear(4, 3),  # unstuck: ignore[softmax-before-cross-entropy]\n"
        "    nn.Softmax(dim=1),\n)",
    )
    place.write("train.py", spread + "train(3)\n")
    done = place.unstuck("check", "--json", "r.json", "train.py")
    report = json.loads((place.folder / "r.json").read_text())
    assert [f["check"] for f in report["ignored"]] == ["softmax-before-cross-entropy"]
    assert (report["findings"], done.returncode) == ([], 0)


def test_a_misspelt_comment_is_pointed_out_in_the_report(place):
    place.write(
        "train.py",
        TRAIN.replace("dim=1))", "dim=1))  # unstuck: ignore[softmax-before-crossentropy]")
        + "train(3)\n",
    )
    done = place.unstuck("check", "train.py")
    assert "(softmax-before-cross-entropy is meant?)" in flat(done.stderr)
    assert done.returncode == 1


SPOILERS = {
    "removed": "import shutil\nshutil.rmtree('.unstuck')\n",
    "replaced": "import shutil\nshutil.rmtree('.unstuck')\nopen('.unstuck', 'w').close()\n",
    "working folder gone": "import os, shutil\nshutil.rmtree(os.getcwd())\n",
}


@pytest.mark.parametrize("name", SPOILERS)
def test_a_folder_that_vanishes_does_not_disturb(place, name):
    place.write("folder/script.py", SPOILERS[name] + "print('end')\n")
    for command, code in (("run", 0), ("check", 2)):
        where = place.folder / command
        where.mkdir()
        script = place.folder / "folder" / "script.py"
        done = place.unstuck(command, script, cwd=where)
        assert (done.stdout, done.returncode) == ("end\n", code)
        assert "unstuck: not recorded under .unstuck" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_full_disk_does_not_disturb(place):
    place.write("script.py", "print('end')\n")
    full = place.write(
        "full.py",
        """
        import errno, os, sys
        from unstuck import cli, files
        def full(path, text, **_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        files.write_text = full
        sys.exit(cli.main())
        """,
    )
    for command, code in (("run", 0), ("check", 2)):
        done = place.python(full, command, "--json", "r.json", "script.py")
        assert (done.stdout, done.returncode) == ("end\n", code)
        assert "not recorded under .unstuck: No space left on device" in done.stderr
        assert f"unstuck: cannot write {place.folder / 'r.json'}: No space left" in done.stderr


def test_a_reader_of_stderr_that_hangs_up_does_not_disturb(place):
    place.write("train.py", TRAIN + "print('ready', flush=True)\ninput()\ntrain(3)\nprint('end')\n")
    for command, code in (("run", 0), ("check", 1)):
        with place.start(place.console, command, "train.py") as process:
            assert process.stdout.readline() == "ready\n"
            process.stderr.close()
            process.stdin.write("\n")
            process.stdin.close()
            assert process.stdout.read() == "end\n"
        assert process.returncode == code


NO_STEP = {
    "by hand": (
        """
import torch
w = torch.zeros(3, requires_grad=True)
for _ in range(5):
    ((w - 1) ** 2).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
""",
        "parameters were updated by hand, without an optimizer",
        5,
    ),
    "not trained": (
        "import torch\nnet = torch.nn.Linear(2, 2)\nnet(torch.zeros(1, 2))\n",
        "a model was called, but nothing was trained",
        0,
    ),
    "no optimizer step": (
        "import torch\nnet = torch.nn.Linear(2, 2)\nnet(torch.ones(1, 2)).sum().backward()\n",
        "1 backward pass",
        0,
    ),
    "in a child process": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
        "'import time\\nwhile time.process_time() < 1.2: pass'])\n",
        "training in a child process is not watched yet",
        0,
    ),
    "no torch": ("print(1)\n", "the script did not import torch", 0),
}


@pytest.mark.parametrize("name", NO_STEP)
def test_without_an_optimizer_step_it_is_said_what_was_seen(place, name):
    text, said, steps = NO_STEP[name]
    place.write("train.py", text)
    done = place.unstuck("check", "--json", "r.json", "train.py")
    report = json.loads((place.folder / "r.json").read_text())
    assert said in report["script"]["training"]
    assert report["script"]["steps"] == steps
    assert said[1:] in " ".join(done.stderr.split())
    # Not watched is not clean.
    assert done.returncode == (0 if steps else 2)
    assert ("No training step was seen." in done.stderr) == (steps == 0)
    assert ("unstuck: no training step was seen" in done.stderr) == (steps == 0)
    assert "unstuck explain" not in done.stderr


def test_a_forked_child_that_trains_makes_no_report_of_its_own(place):
    place.write(
        "train.py",
        "import os\n"
        "if os.fork():\n    os.wait()\n    print('parent')\n"
        "else:\n" + "".join(f"    {line}\n" for line in TRAIN.splitlines()) + "    train(5)\n",
    )
    done = place.unstuck("check", "--steps", "3", "train.py")
    assert (done.stdout, done.returncode) == ("parent\n", 2)
    assert done.stderr.count("This run") == 1
    assert len(place.runs) == 1


def test_a_name_with_control_characters_moves_no_cursor(place):
    place.write("a\x1b[31m\nb.py", "")
    done = place.unstuck("check", "a\x1b[31m\nb.py")
    assert "watching a\\x1b[31m\\nb.py · step" in done.stderr
    assert "\x1b" not in done.stderr
    assert re.fullmatch(r"\d{8}-\d{6}-a__31m_b-\d+", place.record()["name"])


def test_ctrl_c_while_the_report_is_made_does_not_come_back_into_the_script(place):
    slow = place.write(
        "slow.py",
        """
        import sys, time
        from unstuck import cli
        from unstuck.commands import watch
        def report(self, run):
            print("reporting", flush=True)
            time.sleep(30)
        watch._Watch.report = report
        sys.exit(cli.main())
        """,
    )
    place.write(
        "train.py",
        TRAIN
        + """
try:
    train(5)
finally:
    print("FINALLY", flush=True)
""",
    )
    with place.start(slow, "check", "--quiet", "--steps", "2", "train.py") as process:
        assert process.stdout.readline() == "reporting\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == ("", 3)


def test_an_interrupted_run_says_so(place):
    place.write("train.py", TRAIN + "\ntrain(3)\nraise KeyboardInterrupt\n")
    done = place.unstuck("run", "train.py")
    assert done.returncode == -signal.SIGINT
    assert "interrupted by Ctrl-C" in done.stderr
    assert place.record()["script"]["ended"] == "interrupted"


def test_ctrl_c_before_the_script_begins_is_one_line(place):
    early = place.write(
        "early.py",
        """
        import sys
        from unstuck import cli, recording
        def make_folder(folder):
            raise KeyboardInterrupt
        recording.make_folder = make_folder
        sys.exit(cli.main())
        """,
    )
    place.write("train.py", "print('ran')\n")
    for command in ("check", "run"):
        done = place.python(early, command, "train.py")
        assert (done.stdout, done.returncode) == ("", 130)
        assert done.stderr.splitlines()[-1] == "unstuck: interrupted before the script began"
        assert "Traceback" not in done.stderr


def test_options_behind_the_script_are_pointed_out(place):
    place.write("train.py", "import sys\nprint(sys.argv[1:])\n")
    done = place.unstuck("run", "train.py", "--json", "x.json")
    assert "['--json', 'x.json']" in done.stdout
    assert "--json stands after the script and went to it" in done.stderr
    done = place.unstuck("run", "train.py", "--steps", "3")
    assert "--steps stands after the script and went to it" in done.stderr
    place.write("train.py", "import sys\nprint(sys.argv[1:].index('--steps'))\n")
    assert "stands after" not in place.unstuck("run", "train.py", "--steps=3").stderr


def test_a_warning_is_shown_as_often_as_without_us(place):
    place.write(
        "train.py",
        """
        import time
        import torch

        net = torch.nn.Linear(4, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        loss_function = torch.nn.MSELoss()
        for step in range(30):
            optimizer.zero_grad()
            loss_function(net(torch.ones(8, 4)), torch.ones(8)).backward()
            optimizer.step()
            time.sleep(0.05)
        """,
    )
    plain = place.python("train.py").stderr
    watched = place.unstuck("run", "--quiet", "train.py").stderr
    assert plain.count("UserWarning") == 1
    assert watched == plain
