"""The layers that ran, from the input down to the loss, with the broken place marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from unstuck.charts import GRID, MARK, OTHER, TEXT, WASH
from unstuck.records import Finding, Run
from unstuck.records.layers import Edge, Node
from unstuck.records.loss_calls import LossCall
from unstuck.report.pictures import _svg
from unstuck.report.pictures._picture import (
    NARROW,
    WIDE,
    Key,
    Picture,
    cut,
    labels,
    middle_folded,
    named,
)
from unstuck.report.wording import plural

TITLE = "The layers, from the input to the loss"

FAMILIES = {"layers", "graph", "parameters", "units"}
"""Facts about how the network is put together."""

FEW = 12
"""Boxes that fit a screen; of a larger network with a marked place what is far from it is folded."""

LANE, LANES = 11, 6
"""Pixels between two lines beside the boxes, and at most so many."""

WORDS = {
    "Relu": "ReLU",
    "Gelu": "GELU",
    "Silu": "SiLU",
    "NativeBatchNorm": "batch norm",
    "CudnnBatchNorm": "batch norm",
    "NativeLayerNorm": "layer norm",
    "NativeGroupNorm": "group norm",
    "NativeDropout": "dropout",
    "MaxPool2DWithIndices": "max pool",
    "AvgPool2D": "mean pool",
}
"""What a person calls the operations whose names in autograd say something else."""

_LAYER = re.compile(r"Addmm|Mm$|Mv$|Bmm|Linear|Convolution|Embedding|Rnn|Lstm|Gru", re.IGNORECASE)
_SUFFIX = re.compile(r"Backward\d*$")


@dataclass(frozen=True)
class Measures:
    """How large the picture is drawn, in pixels; a narrow box has two lines."""

    width: int
    box: int
    letters: int
    left: int = 0

    @property
    def pitch(self) -> int:
        """From one box to the next."""
        return self.box + 26


SIZES = (Measures(WIDE, 32, 40), Measures(NARROW, 46, 28))


@dataclass(frozen=True)
class Box:
    """A layer, or the loss at the end."""

    name: str
    about: str
    marked: bool = False


@dataclass(frozen=True)
class Arrow:
    """``source`` and ``target`` are places in the list of boxes."""

    source: int
    target: int
    said: str
    marked: bool = False


def closeness(finding: Finding) -> int:
    """Whatever is wrong with how the network is put together."""
    return 2 if FAMILIES & set(finding.families) or "graph" in finding.evidence else 0


def draw(run: Run) -> Picture | None:
    """Boxes and what lies between them; None without a layer."""
    nodes: list[Node] = sorted((run.facts.layers or {}).get("nodes", ()), key=lambda n: n["depth"])
    if not nodes:
        return None
    marks = named(run)
    boxes = [Box(node["name"], _about(node), _is_marked(node["name"], marks)) for node in nodes]
    if all(box.marked for box in boxes):
        boxes = [replace(box, marked=False) for box in boxes]
    arrows = [*_between(nodes, run), *_to_the_loss(nodes, run)]
    boxes.append(Box("loss", _function(run)))
    kept = _kept(boxes, arrows)
    places = {place: index for index, place in enumerate(kept)}
    drawn = [
        replace(arrow, source=places[arrow.source], target=places[arrow.target])
        for arrow in arrows
        if arrow.source in places and arrow.target in places
    ]
    keys = []
    if any(box.marked for box in boxes) or any(arrow.marked for arrow in arrows):
        keys.append(Key("what the finding is about", OTHER, "square"))
    if len(kept) < len(boxes):
        keys.append(Key(f"{plural(len(boxes) - len(kept), 'layer')} not drawn"))
    wide, narrow = (_image(boxes, kept, drawn, size) for size in SIZES)
    return Picture(
        wide=wide,
        narrow=narrow,
        description=_description(boxes, arrows),
        keys=tuple(keys),
    )


def _about(node: Node) -> str:
    kernel = " x ".join(str(size) for size in node["kernel"])
    widths = f"{node['inputs']:,} to {node['outputs']:,}"
    return f"{node['kind']}, {widths}" + (f", {kernel}" if kernel else "")


def _is_marked(name: str, marks: frozenset[str]) -> bool:
    """The layer itself, or a parameter of it, stands in the evidence."""
    return bool(name) and any(mark == name or mark.startswith(f"{name}.") for mark in marks)


def _between(nodes: list[Node], run: Run) -> Iterator[Arrow]:
    edges: list[Edge] = run.facts.layers["edges"]
    places = {node["name"]: place for place, node in enumerate(nodes)}
    pairs = [tuple(pair[:2]) for pair in _pairs(run)]
    for edge in edges:
        source, target = places.get(edge["source"]), places.get(edge["target"])
        if source is not None and target is not None and source < target:
            marked = (edge["source"], edge["target"]) in pairs
            said = _words(edge["operations"])
            yield Arrow(source, target, said or ("nothing between" if marked else ""), marked)


def _pairs(run: Run) -> Sequence[Sequence[str]]:
    found = run.findings[0].evidence.get("pairs") if run.findings else None
    return [pair for pair in found if isinstance(pair, list | tuple)] if found else []


def _to_the_loss(nodes: list[Node], run: Run) -> Iterator[Arrow]:
    """From each layer that feeds no other, through what the loss function was given."""
    edges: list[Edge] = run.facts.layers["edges"]
    sources = {edge["source"] for edge in edges}
    site = _site(run)
    chain = site["chain"] if site else []
    operations = [_SUFFIX.sub("", name) for name in chain]
    cut = next((i for i, name in enumerate(operations) if _LAYER.search(name)), len(operations))
    said = _words(operations[:cut][::-1])
    marked = bool(said and run.findings and "graph" in run.findings[0].evidence)
    for place, node in enumerate(nodes):
        if node["name"] not in sources:
            yield Arrow(place, len(nodes), said, marked)


def _site(run: Run) -> LossCall | None:
    sites: list[LossCall] = [site for site in run.facts.loss_calls or () if site["training"]]
    return max(sites, key=lambda site: site["calls"], default=None)


def _function(run: Run) -> str:
    site = _site(run)
    return site["function"] if site else "written by hand"


def _words(operations: Sequence[str]) -> str:
    return ", ".join(WORDS.get(each, each.lower()) for each in operations)


def _kept(boxes: list[Box], arrows: list[Arrow]) -> list[int]:
    """The places that are drawn: of a deep network both ends, or the marked ones and what is near."""
    last = len(boxes) - 1
    marked = [place for place, box in enumerate(boxes) if box.marked]
    marked += [place for arrow in arrows if arrow.marked for place in (arrow.source, arrow.target)]
    if len(boxes) <= FEW or not marked:
        return middle_folded(range(len(boxes)))[0]
    near = {place + step for place in sorted(set(marked))[:FEW] for step in (-1, 0, 1)}
    return sorted({0, 1, last - 1, last} | {place for place in near if 0 <= place <= last})


def _description(boxes: list[Box], arrows: list[Arrow]) -> str:
    after = {a.source: a.said for a in arrows if a.target == a.source + 1 and a.said}
    said = [
        f"{box.name} ({box.about})" + (f", then {after[place]}" if place in after else "")
        for place, box in enumerate(boxes)
    ]
    if len(said) > 12:
        said = [*said[:6], f"{len(said) - 12} more", *said[-6:]]
    marked = [box.name for box in boxes if box.marked]
    marked += [
        f"between {boxes[a.source].name} and {boxes[a.target].name}" for a in arrows if a.marked
    ]
    more = f" Marked: {', '.join(marked[:6])}." if marked else ""
    return f"{plural(len(boxes) - 1, 'layer')}, in order: {'; '.join(said)}.{more}"


def _image(boxes: list[Box], kept: list[int], arrows: list[Arrow], size: Measures) -> str:
    lanes = _lanes(arrows)
    used = min(max(lanes.values(), default=-1) + 1, LANES)
    size = replace(size, left=used * LANE + (8 if used else 1))
    shapes: list[_svg.Shape] = []
    for index, arrow in enumerate(arrows):
        if arrow.target == arrow.source + 1:
            shapes += _straight(arrow, size)
        else:
            shapes += _around(arrow, min(lanes[index], LANES - 1), size)
    names = labels([boxes[place].name for place in kept[:-1]], size.letters)
    for index, (place, name) in enumerate(zip(kept, [*names, boxes[-1].name], strict=True)):
        y = index * size.pitch + 1
        shapes += _box(replace(boxes[place], name=name), y, size)
        if index and (hidden := place - kept[index - 1] - 1):
            said = f"({plural(hidden, 'layer')})"
            shapes.append(_svg.text(size.left + 30, y - 9, said))
    return _svg.image(shapes, size.width, (len(kept) - 1) * size.pitch + size.box + 2)


def _lanes(arrows: list[Arrow]) -> dict[int, int]:
    """For each arrow that passes boxes a lane of its own; short ones nearest to the boxes."""
    long = [i for i, arrow in enumerate(arrows) if arrow.target > arrow.source + 1]
    lanes: dict[int, int] = {}
    for index in sorted(long, key=lambda i: (arrows[i].target - arrows[i].source, i)):
        busy = {lanes[other] for other in lanes if _overlap(arrows[other], arrows[index])}
        lanes[index] = next(lane for lane in range(len(busy) + 1) if lane not in busy)
    return lanes


def _overlap(first: Arrow, second: Arrow) -> bool:
    return first.source < second.target and second.source < first.target


def _box(box: Box, y: float, size: Measures) -> list[_svg.Shape]:
    color = OTHER if box.marked else MARK
    edge, thick = (OTHER, 2.0) if box.marked else (GRID, 1.0)
    about = cut(box.about, size.letters + 8)
    x, width = size.left, size.width - size.left - 1
    frame = _svg.rectangle(x, y, width, size.box, fill=WASH, stroke=edge, thick=thick, round_=5)
    dy = 20 if size.width == WIDE else 19
    title = _svg.text(x + 12, y + dy, box.name, fill=color, font=_svg.MONO, bold=box.marked)
    if size.width == WIDE:
        end = _svg.text(x + width - 12, y + 20, about, anchor="end")
        return [frame, title, end]
    return [frame, title, _svg.text(x + 12, y + 36, about)]


def _straight(arrow: Arrow, size: Measures) -> list[_svg.Shape]:
    x, y = size.left + 18, arrow.source * size.pitch + size.box + 1
    color, thick = (OTHER, 2.5) if arrow.marked else (TEXT, 1.25)
    down = size.pitch - size.box - 1
    shapes = [_svg.path(f"M{x} {y}v{down}m-4 -6l4 6l4 -6", stroke=color, thick=thick)]
    if arrow.said:
        fill = OTHER if arrow.marked else TEXT
        said = cut(arrow.said, size.letters + 8)
        shapes.append(_svg.text(x + 12, y + down / 2 + 4, said, fill=fill, bold=arrow.marked))
    return shapes


def _around(arrow: Arrow, lane: int, size: Measures) -> list[_svg.Shape]:
    """Beside the boxes, from the lower half of one to the upper half of the other."""
    start, end = arrow.source * size.pitch + size.box - 7, arrow.target * size.pitch + 9
    x = size.left - 8 - lane * LANE
    color, thick = (OTHER, 2.5) if arrow.marked else (TEXT, 1.25)
    bend = f"H{x + 5}q-5 0 -5 5V{end - 5}q0 5 5 5H{size.left}"
    way = f"M{size.left} {start}{bend}m-5 -3.5l5 3.5l-5 3.5"
    return [_svg.path(way, stroke=color, thick=thick)]
