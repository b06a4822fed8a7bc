import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from unstuck.records import Facts, Location, Run, ScriptRecord
from unstuck.remedies import all_remedies
from unstuck.report import terminal
from unstuck.report.paragraphs import code

from .sample import CHECKS, HOSTILE, LEFT_OUT, REMEDIES, SOFTMAX, STUCK, hostile, run, script


def statement(line):
    return line.partition("  # ")[0].strip()


CODE = {statement(line) for remedy in REMEDIES.values() for line in remedy.code.splitlines()}

COMMAND = re.compile(r"\x1b\[[0-9;]*m")


def shown(made, **options):
    return terminal(made, REMEDIES, **({"width": 80} | options))


def flat(text):
    return " ".join(text.split())


def test_says_first_what_is_wrong_then_where_why_and_what_to_do():
    text = flat(shown(run(LEFT_OUT)))
    parts = [
        "Error: net.stem.weight",
        "train.py:41 optimizer = torch.optim.SGD(other.parameters(), lr=0.1)",
        "check unoptimized-parameters, step 0",
        "evidence count 12; numel 61,706",
        "explains after 200 steps the loss is 2.303",
        "What to do (unproven: not yet tested by a replay)",
        "Build the optimizer after the model is complete",
        "optimizer = torch.optim.Adam(p for p in model.parameters() if p.requires_grad)",
        "Checked 6 of 8 checks",
        "Not checked symmetric-units (no layer was seen at two different steps)",
        "This run 200 training steps in 4.12 s",
        "Watching time 0.11 s",
    ]
    found = [text.find(part) for part in parts]
    assert -1 not in found
    assert found == sorted(found)
    assert found[0] == 0


@pytest.mark.parametrize("finding", [LEFT_OUT, STUCK, SOFTMAX])
def test_one_finding_fits_one_screen(finding):
    lines = shown(run(finding)).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_is_wider_than_the_terminal(width, text):
    for made in (run(LEFT_OUT, SOFTMAX), hostile(text)):
        lines = [
            line for line in shown(made, width=width).splitlines() if statement(line) not in CODE
        ]
        assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [40, 80, 81, 120])
def test_no_line_of_code_is_broken(width):
    """A person copies it: half a line is no code."""
    for name, remedy in all_remedies().items():
        made = run(replace(STUCK, remedies=(name,)))
        lines = terminal(made, all_remedies(), width=width).splitlines()
        wanted = {statement(line) for line in remedy.code.splitlines()}
        assert wanted <= {statement(line) for line in lines}


def test_a_comment_too_long_for_its_line_moves_above_it():
    text = "for x in y:\n    optimizer.step()  # and then a comment that does not fit into it"
    assert [(each.text, each.indent) for each in code(text, 50)] == [
        ("for x in y:", 2),
        ("    # and then a comment that does not fit into", 2),
        ("    # it", 2),
        ("    optimizer.step()", 2),
    ]
    assert [
        each.text for each in code('print("a long text with  # in it, of many words")', 40)
    ] == ['print("a long text with  # in it, of many words")']


def test_the_usual_report_fits_forty_lines_and_a_clean_one_twenty_four():
    names = [f"some-check-{i}" for i in range(43)]
    why = dict(
        zip(
            names[30:],
            [f"the reason number {i % 7} why it was not checked" for i in range(13)],
            strict=True,
        )
    )
    many = {"checked": tuple(names[:30]), "not_checked": why}
    assert len(shown(run(LEFT_OUT, SOFTMAX, STUCK, **many)).splitlines()) <= 40
    clean = shown(run(**many))
    assert len(clean.splitlines()) <= 24 - 2  # two more say where the run was recorded
    assert "30 of 43 checks" in clean
    assert "unstuck report --html" in clean


def test_what_could_not_be_checked_is_short_and_the_most_common_reason_comes_first():
    why = {
        "a": "no gradients: a long explanation",
        "b": "no loss",
        "c": "no loss",
        "d": "no loss",
        "e": "no loss",
    }
    text = flat(shown(run(not_checked=why)))
    assert "Not checked b, c and 2 more (no loss) a (no gradients) This run" in text


def test_a_long_line_of_code_stands_below_its_place():
    place = Location("train.py", 9, f"    net = nn.Sequential({'nn.ReLU(), ' * 9})")
    lines = shown(run(replace(STUCK, location=place))).splitlines()
    at = lines.index("  train.py:9")
    assert lines[at + 1].startswith("    net = nn.Sequential(nn.ReLU(), ")


def test_of_a_long_path_the_file_and_line_are_kept():
    deep = Location("/very/long/path/" + "folder/" * 20 + "train.py", 123, "loss.backward()")
    text = shown(run(replace(STUCK, location=deep)))
    assert re.search(r"^  \.\.\.\S*/folder/train\.py:123  loss\.backward\(\)$", text, re.MULTILINE)


def test_the_code_of_a_remedy_keeps_its_indentation():
    assert "\n          torch.nn.init.zeros_(layer.bias)\n" in shown(run(SOFTMAX))


def test_other_findings_are_short_and_not_too_many():
    others = [replace(SOFTMAX, message=f"fault number {i}") for i in range(9)]
    text = shown(run(LEFT_OUT, *others))
    assert "warning  models/net.py:17  softmax-before-cross-entropy: fault number 4" in text
    assert "fault number 5" not in text
    assert "and 4 more findings" in text


def test_remedies_beyond_the_first_are_named():
    assert "or try  redraw-initialisation" in shown(run(STUCK))
    assert "or try" not in shown(run(LEFT_OUT))


def test_a_finding_without_remedy_place_or_step_is_still_told():
    bare = replace(STUCK, remedies=("nobody-wrote-it",), location=None, at=None, evidence={})
    text = shown(run(bare))
    assert text.startswith("Error: after 200 steps")
    assert "No remedy is known for loss-not-falling" in text
    assert "None" not in text


def test_finding_nothing_is_not_called_healthy():
    text = shown(run())
    assert text.startswith("Nothing found: 6 checks looked at 200 training steps.\n")
    assert "no proof of health" in text
    assert "What to do" not in text


def test_few_steps_are_not_called_clean():
    text = shown(run(script=replace(run().script, steps=3, ended="interrupted")))
    assert text.startswith("Too little seen: 3 training steps, nothing found in them.")
    assert "interrupted by Ctrl-C" in " ".join(text.split())


def test_a_run_without_training_says_so_and_why():
    bare = run(script=script(steps=0, training="it happened in a child process"), checked=())
    assert shown(bare).startswith("No training step was seen.\nIt happened in a child process.\n")
    assert "nothing can be said" in shown(bare)
    assert "No training step was seen." in shown(replace(bare, findings=(STUCK,)))


def test_steps_without_any_check_are_not_called_fine():
    text = shown(run(checked=(), not_checked=dict.fromkeys(CHECKS, "no gradients")))
    assert text.startswith("Nothing was checked.\nSo nothing can be said")
    assert "activation-on-logits, loss-broadcast and 6 more (no gradients)" in flat(text)


def test_what_a_comment_hides_is_told():
    assert "Ignored      loss-not-falling (train.py:44, step 199)" in shown(run(ignored=(STUCK,)))


def test_numbers_that_were_not_seen_are_named():
    bare = ScriptRecord("train.py", steps=1, seconds=7325, ended="failed", exit=3)
    assert "; 1 update per epoch;" in flat(shown(run(script=script(updates_per_epoch=1.0))))
    text = flat(shown(run(script=bare)))
    assert "1 training step in 2 h 2 min;" in text
    assert "not seen: batch size, samples, updates per epoch, backward passes" in text
    assert "the script itself failed (exit code 3)" in text


def test_an_empty_run_is_a_report():
    text = shown(Run("", "", ScriptRecord(""), facts=Facts()))
    assert text.startswith("No training step was seen.")
    assert "cost not measured" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_run_commands_the_terminal(text):
    plain, coloured = shown(hostile(text)), shown(hostile(text), color=True)
    assert COMMAND.sub("", coloured) == plain
    assert all(c == "\n" or c.isprintable() for c in plain)
    plain.encode("utf-8")


def test_colour_only_if_asked_for(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in shown(run(LEFT_OUT))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert shown(run(LEFT_OUT), color=True).startswith("\x1b[1;31mError:")


def test_words_of_our_own_are_ascii():
    everything = run(LEFT_OUT, SOFTMAX, ignored=(STUCK,), script=script(training="Seen."))
    shown(everything).encode("ascii")


def test_the_width_is_that_of_the_terminal_unless_told(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, terminal(run(), REMEDIES).splitlines())) <= 50
    monkeypatch.setenv("COLUMNS", "300")
    assert 60 < max(map(len, terminal(run(), REMEDIES).splitlines())) <= 100
