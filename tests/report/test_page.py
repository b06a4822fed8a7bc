import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from unstuck.records import Facts, Run, ScriptRecord
from unstuck.report import page, pictures

from .sample import (
    CHECKS,
    HOSTILE,
    LEFT_OUT,
    REMEDIES,
    SOFTMAX,
    STUCK,
    diverging,
    hostile,
    loss,
    plateau,
    run,
    script,
)

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """The tags, attributes and text of a page; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def values(self, name):
        return [value for _, key, value in self.attributes if key == name]


def shown(made):
    return Page(page(made, REMEDIES))


def test_says_everything_in_order():
    missing = Facts({"loss": loss(plateau())}, {"units": "the probe failed"})
    text = shown(run(LEFT_OUT, SOFTMAX, ignored=(STUCK,), facts=missing)).text
    parts = [
        "Error: net.stem.weight",
        "unproven: not yet tested by a replay",
        "train.py:41",
        "optimizer = torch.optim.SGD(other.parameters(), lr=0.1)",
        "loss of each step",
        "What to do",
        "Build the optimizer after the model is complete",
        "What this explains after 200 steps",
        "Evidence parameters",
        "Also found Warning: cross_entropy receives",
        "What was checked",
        "loss-broadcast",
        "Ignored, as a comment",
        "What could not be checked, and why",
        "no layer was seen at two different steps",
        "units not recorded the probe failed",
        "The script in numbers Training steps 200",
        "Backward passes per update 1",
        "What watching cost time 0.11 s",
        "torch 2.13.0",
    ]
    text = text[text.index("unstuck train.py") :]
    found = [text.find(part) for part in parts]
    assert -1 not in found, parts[found.index(-1)]
    assert found == sorted(found)


MADE = [
    run(LEFT_OUT, SOFTMAX),
    run(),
    run(STUCK, facts=Facts({"loss": loss(diverging())})),
    Run("", "", ScriptRecord("")),
    *map(hostile, HOSTILE),
]


@pytest.mark.parametrize("made", MADE)
def test_loads_nothing_and_runs_nothing(made):
    text = page(made, REMEDIES)
    seen = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "img", "form", "use"} & {*seen.tags}
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert not [name for _, name, _ in seen.attributes if name in ("src", "href", "xlink:href")]
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text


@pytest.mark.parametrize("made", MADE)
def test_is_well_formed_and_not_large(made):
    text = page(made, REMEDIES)
    Page(text)
    assert len(text.encode("utf-8")) < 300_000


@pytest.mark.parametrize("text", [text for text in HOSTILE if text and len(text) < 100])
def test_hostile_text_is_shown_not_obeyed(text):
    made = page(hostile(text), REMEDIES)
    assert "\x1b" not in made
    assert "49" not in Page(made).text
    if text.isprintable():
        assert text in shown(hostile(text)).text


def test_ids_are_unique_and_labels_point_to_them():
    seen = shown(run(LEFT_OUT, SOFTMAX))
    assert len(set(seen.values("id"))) == len(seen.values("id")) >= 6
    assert set(seen.values("aria-labelledby")) <= set(seen.values("id"))


def test_headings_descend_one_level_at_a_time():
    tags = [int(tag[1]) for tag in shown(run(LEFT_OUT, SOFTMAX)).tags if re.match("h[1-6]", tag)]
    assert tags.count(1) == 1
    assert tags[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(tags))


def test_landmarks_language_and_the_picture_in_words():
    seen = shown(run(LEFT_OUT))
    assert {"header", "main", "footer"} <= {*seen.tags}
    assert seen.values("lang") == ["en"]
    [label] = [value for value in seen.values("aria-label") if value.startswith("Loss per step")]
    assert "Always predicting the same would give 2.302." in label


def test_every_colour_of_the_picture_follows_light_and_dark():
    text = page(run(replace(STUCK, at=100)), REMEDIES)
    rules = {color.lower() for color in re.findall(r'svg \[\w+="(#\w+)"\]', text)}
    drawn = {color.lower() for color in re.findall(r'(?:stroke|fill)="(#\w+)"', text)}
    assert drawn == rules
    assert f"--accent: {pictures.LINE.lower()}" in text
    assert f"--constant: {pictures.CONSTANT.lower()}" in text


def test_finding_nothing_is_not_called_healthy():
    text = shown(run()).text
    assert "Nothing found: 6 checks looked at 200 training steps." in text
    assert "no proof of health" in text
    assert "What to do" not in text


def test_a_run_without_training_says_so_and_why():
    bare = run(
        script=script(steps=0, training="It happened in a child process."),
        checked=(),
        not_checked=dict.fromkeys(CHECKS, "no training step"),
        facts=Facts(),
    )
    text = shown(bare).text
    assert "No training step was seen. It happened in a child process." in text
    assert "Loss per step" not in page(bare, REMEDIES)


def test_is_the_same_twice():
    assert page(run(LEFT_OUT), REMEDIES) == page(run(LEFT_OUT), REMEDIES)
