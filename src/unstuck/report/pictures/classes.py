"""How often each class comes, and how much of it is found."""

from dataclasses import dataclass

from unstuck.charts import LINE, MARK, OTHER, WASH
from unstuck.records import Finding, Run
from unstuck.records.predictions import Prediction
from unstuck.report.pictures import _svg
from unstuck.report.pictures._picture import NARROW, WIDE, Key, Picture, middle_folded
from unstuck.report.wording import percent, plural

TITLE = "Classes: how many, and how many of them found"

CLASSES = 20
STEP, HEAD = 26, 24
LABEL = {WIDE: 76, NARROW: 46}
NUMBER = {WIDE: 64, NARROW: 48}
SOURCES = ("validation", "training")
"""Where recalls are read, the better first."""


@dataclass(frozen=True)
class Row:
    """One class; ``recall`` is None where none of it came, or nothing was predicted."""

    number: int
    count: int
    recall: float | None


def closeness(finding: Finding) -> int:
    """A class that is not found."""
    return 3 if {"recall", "predicted"} & set(finding.evidence) else 0


def draw(run: Run) -> Picture | None:
    """A row for each class; None if the run does not classify."""
    source = _source(run)
    rows = _rows(_counts(run, source), source)
    if len(rows) < 2:
        return None
    if len(rows) > CLASSES:
        rows = sorted(rows, key=lambda row: (-row.count, row.number))
    kept, _, hidden = middle_folded(rows, CLASSES)
    found = f"found of those in {source['source']}, step {source['step']:,}" if source else ""
    keys = [Key("targets seen in training", LINE, "square")]
    keys += [Key(found, OTHER, "square")] if found else []
    keys += [Key(f"{plural(hidden, 'class')} between them not drawn")] if hidden else []
    return Picture(
        wide=_image(kept, bool(found), WIDE),
        narrow=_image(kept, bool(found), NARROW),
        description=_description(rows, found),
        keys=tuple(keys),
    )


def _source(run: Run) -> Prediction | None:
    known: list[Prediction] = [each for each in run.facts.predictions or () if sum(each["counts"])]
    for name in SOURCES:
        for each in known:
            if each["source"] == name:
                return each
    return None


def _counts(run: Run, source: Prediction | None) -> list[int]:
    """Of the targets in training; where they were not seen, of the batches that were predicted."""
    kinds = ("classes", "one-hot", "binary")
    targets = [each for each in run.facts.targets or () if each["kind"] in kinds and each["counts"]]
    most = max(targets, key=lambda each: each["calls"], default=None)
    if most is not None:
        return list(most["counts"])
    return list(source["counts"]) if source else []


def _rows(counts: list[int], source: Prediction | None) -> list[Row]:
    recalls = {
        index: hits / count
        for index, (count, hits) in enumerate(
            zip(source["counts"], source["hits"], strict=False) if source else ()
        )
        if count
    }
    return [Row(index, count, recalls.get(index)) for index, count in enumerate(counts)]


def _description(rows: list[Row], found: str) -> str:
    few = rows if len(rows) <= CLASSES else [*rows[:5], *rows[-5:]]
    said = [
        f"class {row.number}: {row.count:,}"
        + (f", {percent(row.recall)} found" if row.recall is not None else "")
        for row in few
    ]
    more = "" if few is rows else "; the most frequent and the rarest five"
    return f"Targets of each class{', and the share ' + found if found else ''}{more}. " + (
        "; ".join(said) + "."
    )


def _image(rows: list[Row], found: bool, width: int) -> str:
    left, beside = LABEL[width], NUMBER[width]
    column = (width - left) / (2 if found else 1)
    long = column - beside - 8
    largest = max(row.count for row in rows) or 1
    shapes: list[_svg.Shape] = [_svg.text(left, 12, "seen")]
    shapes += [_svg.text(left + column, 12, "found")] if found else []
    for index, row in enumerate(rows):
        y = HEAD + index * STEP
        word = "class " if width == WIDE else ""
        shapes.append(_svg.text(0, y + 13, f"{word}{row.number}", fill=MARK))
        shapes += _bar(left, y, long, row.count / largest, f"{row.count:,}", LINE)
        if found:
            said = "-" if row.recall is None else percent(row.recall)
            shapes += _bar(left + column, y, long, row.recall or 0.0, said, OTHER)
    return _svg.image(shapes, width, HEAD + len(rows) * STEP)


def _bar(x: float, y: float, long: float, share: float, said: str, color: str) -> list[_svg.Shape]:
    bar = [_svg.rectangle(x, y + 2, long, 14, fill=WASH)]
    if share > 0:
        bar.append(_svg.rectangle(x, y + 2, max(1.5, long * share), 14, fill=color))
    return [*bar, _svg.text(x + long + 8, y + 13, said)]
