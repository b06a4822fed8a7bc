import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from unstuck.charts import PALETTE
from unstuck.records import Facts, Run, ScriptRecord
from unstuck.report import page
from unstuck.report.pictures import all_pictures
from unstuck.report.pictures import shown as shown_pictures

from .sample import (
    CHECKS,
    HOSTILE,
    LEFT_OUT,
    REMEDIES,
    SOFTMAX,
    STUCK,
    diverging,
    everything,
    filters,
    hostile,
    loss,
    plateau,
    run,
    script,
    target,
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
        "Effective batch 64",
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
    assert len(text.encode("utf-8")) < 500_000


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
    assert seen.values("role").count("img") == 1
    assert len(seen.values("aria-label")) == 3  # that of the picture, of the line and of the remedy
    [label] = [value for value in seen.values("aria-label") if value.startswith("Loss per step")]
    assert "Always predicting the same would give 2.302." in label


def test_every_colour_of_the_pictures_follows_light_and_dark():
    finding = replace(STUCK, at=100, evidence={"layers": ["net.1"]})
    text = page(run(finding, facts=everything("net.0", "net.1")), REMEDIES)
    rules = {color.lower() for color in re.findall(r'svg \[\w+="(#\w+)"\]', text)}
    drawn = {color.lower() for color in re.findall(r'(?:stroke|fill)="(#\w+)"', text)}
    assert drawn == rules == {color.lower() for color in PALETTE.values()}
    light, dark = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    for name, color in PALETTE.items():
        assert f"--{name}: {color.lower()};" in light
        assert f"--{name}: #" in dark


@pytest.mark.parametrize("theme", [0, 1])
def test_words_and_marks_stand_out_from_the_paper(theme):
    """WCAG 2.2 AA: 4.5 for text, 3 for marks."""
    block = re.findall(r":root \{(.*?)\}", page(run(), REMEDIES), re.DOTALL)[theme]
    colors = dict(re.findall(r"--(\w+): (#\w{6})", block))
    for name, least in {"ink": 4.5, "soft": 4.5, "accent": 3, "other": 3, "error": 4.5}.items():
        for ground in ("paper", "wash"):
            assert contrast(colors[name], colors[ground]) >= least, (name, ground)


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_picture_of_the_verdict_is_the_one_that_shows_it():
    facts = everything("net.0", "net.1")
    for families, evidence, title in [
        (("loss",), {}, "The loss, step by step"),
        (("gradients", "layers"), {}, "Gradients and updates, layer by layer"),
        (("activations",), {"layers": [["net.0", 1.0]]}, "Activations"),
        (
            ("layers",),
            {"pairs": [["net.0", "net.1", []]]},
            "The layers, from the input to the loss",
        ),
        (
            ("loss_calls",),
            {"graph": ["SoftmaxBackward0"]},
            "The layers, from the input to the loss",
        ),
        (("targets",), {"recall": 0.0}, "Classes: how many, and how many of them found"),
        (("loss", "validation"), {}, "Training against validation"),
        (("filters",), {}, "Filters of the first convolution"),
        (("optimizers",), {}, "The loss, step by step"),
        ((), {}, "The loss, step by step"),
    ]:
        finding = replace(STUCK, families=families, evidence=evidence)
        main, others = shown_pictures(run(finding, facts=facts))
        assert main.title == title
        assert len(others) == len(all_pictures()) - 1


def test_pictures_that_are_not_of_the_verdict_follow_and_the_tall_ones_are_folded():
    seen = shown(run(STUCK, facts=everything(*(f"net.{i}" for i in range(30)))))
    assert seen.text.index("What to do") < seen.text.index("What was seen")
    assert seen.tags.count("details") == 1 + len(all_pictures()) - 1  # one for the other remedies
    assert 0 < sum(key == "open" for _, key, _ in seen.attributes) < len(all_pictures()) - 1
    assert seen.text.index("The layers, from") < seen.text.index("What was checked")


def test_a_picture_that_fails_costs_only_itself():
    broken = everything("net.0", gradients={"layers": [{"name": "net.0"}]}, layers={"nodes": 5})
    text = shown(run(STUCK, facts=broken)).text
    assert "Gradients and updates" not in text
    assert "Training against validation" in text


def test_three_hundred_layers_stay_below_two_megabytes():
    names = [f"model.encoder.blocks.{i}.attention.projection" for i in range(300)]
    big = everything(*names, filters=filters("net", 32, 11, 0.3), targets=[target([9] * 1000)])
    text = page(run(replace(STUCK, families=("layers",)), facts=big), REMEDIES)
    Page(text)
    assert len(text.encode("utf-8")) < 2_000_000
    assert "261 layers not drawn" in text


def test_nothing_sets_a_width_that_a_narrow_screen_lacks():
    text = page(run(STUCK, facts=everything("net.0")), REMEDIES)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"[{;\s](?:min-)?width:\s*\d{3,}px", style)
    assert ".chart svg { display: block; width: 100%; height: auto; }" in style


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
    made = run(LEFT_OUT, facts=everything("net.0", "net.1", "net.2"))
    assert page(made, REMEDIES) == page(made, REMEDIES)
