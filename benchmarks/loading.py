"""Damaged and forged model folders and checkpoints: each is refused in one line, or works; nothing else.

    python benchmarks/loading.py [--cases N | --minutes M] [--seed S] [--out FILE]

Four models (a table with names and dates, numbers, several labels, images) and a checkpoint are damaged:
bits flipped, files cut or grown, values of the JSON put out of type, size or place, deep nesting, tensors'
shapes exchanged, headers that lie; checkpoints in every second case with a digest that fits again, as a
forger would write it. What is loaded has to predict; a checkpoint that is taken, to train on. Counted:
refusals, working loads, and faults: any other exception, a load of more than a second of processor time, one
that takes more memory than twice its files, and any look for code to run. Memory is read from /proc: on
other systems than Linux it is not counted.
"""

import argparse
import copy
import json
import random
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from safetensors.torch import save

from unstuck import files
from unstuck.errors import BadCheckpoint, BadData
from unstuck.fit import batches, checkpoints, encoders, models
from unstuck.fit.checkpoints import Keeper
from unstuck.fit.encoders import Encoder
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import RECORD, WEIGHTS, Fitted, load_fitted
from unstuck.fit.loop import Diverged, Loop
from unstuck.fit.readers import Wish, read
from unstuck.fit.recipe import Recipe
from unstuck.fit.task import Task, task_of

GOOD = {"refused", "works", "not usable"}

SECONDS = 1.0
SLACK = 2**24
"""Bytes that any load may take besides: libraries keep some for the next time."""

CODE = {"pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen"}

ODD = (
    None, True, False, -1, 0, 1, 2, 7, 10**9, 2**63, -(10**30), 10**400, 0.5, 1e308, -1e-320, float("nan"),
    float("inf"), "", "x", "os:system", "resnet18", "<script>", "../../etc/passwd", [], {}, [[]], [1, "a"],
    {"a": {}}, ["x"] * 1000,
)  # fmt: skip
"""Put in the place of what was there."""


@dataclass(frozen=True)
class Kept:
    """A folder as it was written, and what is to be done with what is loaded from it."""

    name: str
    files: dict[str, bytes]
    load: Callable[[Path], Callable[[], object]]


def _table() -> Examples:
    draw, start = np.random.default_rng(0), date(2024, 1, 1)
    frame = pl.DataFrame(
        {
            "size": draw.normal(size=60),
            "kind": draw.choice(["a", "b", "c"], 60),
            "day": [start + timedelta(int(each)) for each in draw.integers(0, 900, 60)],
            "y": draw.choice(["no", "yes"], 60),
        }
    )
    return read(frame, Wish(("y",)))


def _arrays(*shape: int, targets: Any) -> Examples:
    values = np.random.default_rng(0).normal(size=(60, *shape)).astype(np.float32)
    return Examples(Arrays(values), "drawn", targets)


def examples() -> dict[str, Examples]:
    """Of each kind of encoder and of task."""
    draw = np.random.default_rng(1)
    return {
        "table": _table(),
        "numbers": _arrays(4, targets=draw.normal(size=60)),
        "labels": _arrays(4, targets=draw.integers(0, 2, (60, 3))),
        "images": _arrays(1, 8, 8, targets=draw.integers(0, 3, 60)),
    }


def model_of(data: Examples) -> Fitted:
    """A model at its start: what its weights are worth does not matter here."""
    assert data.targets is not None
    encoder = encoders.encoder_of(data.inputs, np.arange(60))
    task = task_of(data.targets, ("a", "b", "c")[: np.size(data.targets[0])])
    family = "cnn" if encoder.shape.image else "mlp"
    recipe = Recipe(model=family, width=8, depth=1, normalisation="batch")
    thresholds = (0.5,) * (task.outputs if task.is_classification else 0)
    about = {"source": "drawn", "targets": ["y"], "rows": [40, 10, 10], "headline": "accuracy"}
    built = models.built(recipe, encoder.shape, task)
    return Fitted(built, recipe, task, encoder, thresholds, about=about)


def training(encoder: Encoder, data: Examples) -> Loop:
    """Of a few steps."""
    assert data.targets is not None
    targets = torch.tensor(data.targets)
    parts = [
        batches.Encoded(data.inputs, rows, encoder, targets[rows])
        for rows in (np.arange(40), np.arange(40, 60))
    ]
    recipe = Recipe(
        model="mlp", width=8, depth=1, learning_rate=0.01, batch_size=20, epochs=3, dropout=0.1
    )
    task = Task("multi-class", (0, 1, 2), "")
    return Loop(models.built(recipe, encoder.shape, task), *parts, recipe)


def kept(folder: Path) -> Iterator[Kept]:
    """What is damaged."""
    for name, data in examples().items():
        model_of(data).save(folder / name)
        written = {each: (folder / name / each).read_bytes() for each in (RECORD, WEIGHTS)}
        yield Kept(name, written, partial(_predict, data))
    data = _arrays(4, targets=np.random.default_rng(1).integers(0, 3, 60))
    encoder, place = encoders.encoder_of(data.inputs, np.arange(40)), folder / "checkpoint"
    with suppress(_Enough):
        training(encoder, data).run(_quiet, Keeper(place, pause=0), _stop_at_4)
    newest = max(place.iterdir())
    yield Kept("checkpoint", {newest.name: newest.read_bytes()}, partial(_go_on, encoder, data))


class _Enough(Exception):
    pass


def _stop_at_4(loop: Loop) -> None:
    if loop.progress.step == 4:
        raise _Enough


def _quiet(progress: Any) -> None:
    pass


def _predict(data: Examples, folder: Path) -> Callable[[], object]:
    fitted = load_fitted(folder)
    return lambda: fitted.predict(data.inputs)


def _go_on(encoder: Encoder, data: Examples, folder: Path) -> Callable[[], object]:
    loop, keeper = training(encoder, data), Keeper(folder)
    loop._go_on(keeper)
    return lambda: loop.run(_quiet)


def damaged(whole: Kept, draw: random.Random) -> tuple[str, dict[str, bytes]]:
    """How, and the files."""
    name = draw.choice(sorted(whole.files))
    content = whole.files[name]
    of_json = (_value, _value, _value, _swap, _drop, _nest)
    how = draw.choice((_flip, _cut, _grow, *of_json, *(() if name == RECORD else (_length,))))
    if how not in of_json:
        return how.__name__[1:], {**whole.files, name: how(content, draw)}
    if name == RECORD:
        return f"{how.__name__[1:]} of JSON", {**whole.files, name: how(content, draw)}
    size = struct.unpack("<Q", content[:8])[0]
    header, rest = content[8 : 8 + size], content[8 + size :]
    if whole.name == "checkpoint" and draw.random() < 0.5:
        return f"{how.__name__[1:]}, forged", {name: _forged(header, rest, how, draw)}
    changed = how(header, draw)
    written = struct.pack("<Q", len(changed)) + changed + rest
    return f"{how.__name__[1:]} of a header", {**whole.files, name: written}


def _forged(header: bytes, rest: bytes, how: Any, draw: random.Random) -> bytes:
    """A checkpoint with a changed record or tensor, and a digest as if it had been written so."""
    plain = json.loads(header)
    record = plain.pop("__metadata__")["record"]
    tensors = {
        name: torch.frombuffer(
            bytearray(rest[slice(*each["data_offsets"])]), dtype=torch.float32
        ).reshape(each["shape"])
        for name, each in plain.items()
        if each["dtype"] == "F32"
    }
    if draw.random() < 0.3:
        name, other = draw.choice(sorted(tensors)), draw.choice(sorted(tensors))
        tensors[name] = tensors[other].clone()
    else:
        record = how(record.encode(), draw).decode()
    metadata = {"version": checkpoints.VERSION, "record": record}
    return save(tensors, metadata | {"digest": checkpoints._digest(tensors, record)})


def _flip(content: bytes, draw: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        # Half of them where the sizes stand: most of a file is numbers, of which any will do.
        place = draw.randrange(len(found) if draw.random() < 0.5 else min(len(found), 600))
        found[place] ^= 1 << draw.randrange(8)
    return bytes(found)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _grow(content: bytes, draw: random.Random) -> bytes:
    return content + draw.randbytes(draw.choice((1, 8, 1000)))


def _length(content: bytes, draw: random.Random) -> bytes:
    size = draw.choice((0, 1, 7, len(content), 10**8, 2**31, 2**40, 2**63, 2**64 - 1))
    return struct.pack("<Q", size) + content[8:]


def _value(content: bytes, draw: random.Random) -> bytes:
    return _changed(content, draw, lambda holder, key: holder.__setitem__(key, draw.choice(ODD)))


def _drop(content: bytes, draw: random.Random) -> bytes:
    return _changed(content, draw, lambda holder, key: holder.__delitem__(key))


def _swap(content: bytes, draw: random.Random) -> bytes:
    plain = json.loads(content)
    (one, first), (two, second) = draw.choices(list(_places(plain)), k=2)
    one[first], two[second] = copy.deepcopy(two[second]), copy.deepcopy(one[first])
    return json.dumps(plain).encode()


def _nest(content: bytes, draw: random.Random) -> bytes:
    mark, depth = "in their place", draw.choice((10, 200, 100_000))
    marked = _changed(content, draw, lambda holder, key: holder.__setitem__(key, mark))
    brackets = draw.choice((("[", "]"), ('{"a":', "}")))
    deep = brackets[0] * depth + "1" + brackets[1] * depth
    return marked.replace(f'"{mark}"'.encode(), deep.encode())


def _changed(content: bytes, draw: random.Random, change: Callable[[Any, Any], None]) -> bytes:
    plain = json.loads(content)
    change(*draw.choice(list(_places(plain))))
    return json.dumps(plain).encode()


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Of every value: what holds it, and its key or number there."""
    keys = list(plain) if isinstance(plain, dict) else range(len(plain))
    for key in keys:
        yield plain, key
        if isinstance(plain[key], dict | list):
            yield from _places(plain[key])


def outcome(whole: Kept, written: dict[str, bytes]) -> tuple[str, str]:
    """``refused``, ``works``, ``not usable`` (it loads, but says of the data that they do not fit), or a
    fault; with what was said."""
    with tempfile.TemporaryDirectory() as folder:
        return _outcome(whole, written, Path(folder))


def _outcome(whole: Kept, written: dict[str, bytes], folder: Path) -> tuple[str, str]:
    for name, content in written.items():
        (folder / name).write_bytes(content)
    limit = 2 * sum(map(len, written.values())) + SLACK
    looks, memory, begun = len(_LOOKED), _peak(), time.process_time()
    try:
        use = whole.load(folder)
        found, said = "works", ""
    except (BadData, BadCheckpoint) as error:
        use, found, said = None, "refused", error.message
    except Exception as error:
        return type(error).__name__, traceback.format_exc()
    seconds, taken = time.process_time() - begun, _peak() - memory
    if seconds > SECONDS:
        return "slow", f"{seconds:.2f} s"
    if taken > limit:
        return "large", f"{taken} bytes"
    if "\n" in said:
        return "long", said
    try:
        if use is not None:
            use()
    except (BadData, Diverged) as error:
        found, said = "not usable", error.message
    except Exception as error:
        return f"{type(error).__name__} in use", traceback.format_exc()
    return ("code", str(_LOOKED[looks:])) if len(_LOOKED) > looks else (found, said)


_LOOKED: list[str] = []


def _listen(event: str, arguments: Any) -> None:
    if event in CODE:
        _LOOKED.append(event)


def _peak() -> int:
    """Bytes of memory at most since the last call; what it is now, right after it."""
    status, refs = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return 0
    [line] = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
    refs.write_text("5")
    return int(line.split()[1]) * 1024


def measure(cases: int, minutes: float, seed: int) -> dict[str, Any]:
    """As many cases as are asked for, or as there is time for."""
    draw, end = random.Random(seed), time.process_time() + 60 * minutes
    sys.addaudithook(_listen)
    outcomes: Counter[str] = Counter()
    ways: Counter[str] = Counter()
    faults: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        wholes = list(kept(Path(name)))
    for whole in wholes:
        for _ in range(3):  # the first load takes memory for good, and imports
            found = outcome(whole, whole.files)
        assert found == ("works", ""), f"{whole.name}: {found}"
    while sum(outcomes.values()) < cases or time.process_time() < end:
        whole = draw.choice(wholes)
        way, written = damaged(whole, draw)
        found, said = outcome(whole, written)
        outcomes[found] += 1
        ways[f"{whole.name}: {way}"] += 1
        if found not in GOOD:
            faults.append({"model": whole.name, "way": way, "fault": found, "said": said})
    return {
        "cases": sum(outcomes.values()),
        "faults": len(faults),
        "outcomes": dict(sorted(outcomes.items())),
        "seed": seed,
        "ways": dict(sorted(ways.items())),
        "examples": faults[:20],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=0, help="of processor time, at least")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of numbers that overflow
    found = measure(options.cases, options.minutes, options.seed)
    print(f"{found['cases']} damaged or forged: {found['outcomes']}")
    for each in found["examples"]:
        print(each["model"], each["way"], each["fault"], each["said"], sep="\n  ")
    if options.out:
        files.write_text(options.out, json.dumps(found, indent=1) + "\n")
    sys.exit(bool(found["faults"]))


if __name__ == "__main__":
    main()
