"""How do you train on 10 GB of data with 4 GB of RAM?

## Answer
Keep the data on disk and read one batch at a time. For arrays: save an uncompressed
.npy file once and open it with np.load(path, mmap_mode="r"); each batch then brings in
the pages it touches. Else use Arrow, HDF5 or Zarr, or stream: IterableDataset,
WebDataset, tf.data. A plain np.load reads a whole .npy, whatever the batch size. On a
16 MB file, private memory (RssAnon on Linux) grew by 16 MB with np.load and by 0.1 MB
with a map; half of it allowed (maps not counted), only the map ended its epoch, with
equal weights. Its pages, dropped by madvise, were read again as needed; that the system
drops them when memory is short was not tried. Easy ways to lose the gain: np.array(m)
copies everything (+16 MB), as does m.astype(float32) of bytes (+63 MB), though the
result still calls itself a memmap; for .npz files mmap_mode was silently ignored (+16
MB). The model, its activations and the optimiser state need memory as well.

## Popular claims
- "load it into a NumPy array with a small batch size": wrong. Loading reads everything;
  the batch size does not change that.
- "NumPy maps the data instead of loading it": only if you ask for it: np.memmap,
  mmap_mode or open_memmap.
- "NumPy has tools for compressing large datasets": right, but np.load does not map
  an .npz (mmap_mode was silently ignored): each array in it is read whole.

## Watch for it
Private memory (RssAnon) growing by about the file size. Plain RSS misleads: it counts
mapped pages too. Also an .npz opened with mmap_mode, or astype on a whole map.

## Remedy
Convert once to .npy and map it, cast per batch; if the disk is then too slow, shuffle
in blocks. Check that private memory falls, rows are bitwise equal and speed is at least
half as high.

## Sources
- NumPy reference, *numpy.memmap*
- NumPy issues 5976 and 28795 (mmap_mode ignored for .npz files)
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from unstuck.errors import UsageError
from unstuck.questions import _reader
from unstuck.questions._lab import Lab, Measured, Prediction
from unstuck.questions._reader import CLASSES, PIXELS, ROWS
from unstuck.questions._run import missing

SIZE = ROWS * PIXELS
ROOM = SIZE // 2
"""Memory for half of the data, as 4 GB are for less than half of 10 GB."""

ARMS: dict[str, dict[str, Any]] = {
    "np.load": {"way": "load", "size": 64},
    "np.load, limited, batches of 8": {"way": "load", "size": 8, "room": ROOM},
    "map, limited": {"way": "map", "size": 64, "room": ROOM},
    "np.array(map)": {"way": "copied", "size": 64},
    "map.astype(float32)": {"way": "cast", "size": 64},
    "compressed .npz, mmap_mode": {"way": "archive", "size": 64},
}

PREDICTIONS = (
    Prediction(
        "np.load: private memory that one epoch added, divided by the size of the data",
        "load", 0.9, 1.2, claim=1,
    ),
    Prediction(
        "room for half of the data, np.load, batches of 8: share of runs that end in MemoryError",
        "load_fails", 1, 1, claim=1, share=True,
    ),
    Prediction(
        "a map, room for half of the data (maps not counted): share of runs that finish the epoch",
        "map_fits", 1, 1, claim=2, share=True,
    ),
    Prediction("map: private memory added, by the size of the data", "map", high=0.2, claim=2),
    Prediction(
        "map: largest difference of a trained weight from one after np.load",
        "map_gap", high=1e-12, claim=2,
    ),
    Prediction("np.array(map): private memory added", "copied", 0.9, 1.2, claim=2),
    Prediction("map.astype(float32): private memory added", "cast", 3.6, 4.4, claim=2),
    Prediction(
        "the same: share of runs in which the result is still of the class memmap",
        "cast_is_memmap", 1, 1, claim=2, share=True,
    ),
    Prediction(
        "compressed .npz opened with mmap_mode: private memory added", "archive", 0.9, 1.3, claim=3
    ),
    Prediction(
        "the same: share of runs in which the array is mapped",
        "archive_is_mapped", 0, 0, claim=3, share=True,
    ),
    Prediction("map: resident memory added, mapped pages included", "map_resident", low=0.5),
    Prediction(
        "its pages dropped by madvise: by how much resident memory fell, by the size of the data",
        "map_dropped", low=0.5,
    ),
    Prediction(
        "one more epoch after that: largest difference of a trained weight from the first",
        "map_again", high=1e-12,
    ),
)  # fmt: skip


def experiment(lab: Lab) -> Measured:
    """Softmax regression, one epoch from a 16 MB file: six ways to read it, each in a process of its own.

    Raises:
        UsageError: the system does not tell private memory, or there is no room for the files.
    """
    if "RssAnon" not in _reader.status():
        raise UsageError(
            "this system does not tell how much memory is private (RssAnon)",
            "question 12 can be proven on Linux",
        )
    with tempfile.TemporaryFile() as array, tempfile.TemporaryFile() as archive:
        _write(array, archive, lab.seeds[0])
        runs = [(arm, seed) for arm in ARMS for seed in lab.seeds]
        seen: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
        for arm, seed in lab.track(runs, "six ways to read one file"):
            file = archive if ARMS[arm]["way"] == "archive" else array
            seen[arm].append(_read(file, arm, seed))
    return Measured(_numbers(seen), {"memory": _rows(seen)})


def picture(series: dict[str, Any]) -> Any:
    """Memory that one epoch added: private, and mapped pages, which the system can take back."""
    import altair as alt

    from unstuck.charts import LINE, OTHER, TEXT, rows

    kinds = alt.Scale(domain=["private", "mapped from a file"], range=[OTHER, LINE])
    bars = (
        alt.Chart(rows(series["memory"]))
        .mark_bar(size=18, aria=False)
        .encode(
            x=alt.X("megabytes:Q", title="memory added, MB", axis=alt.Axis(tickCount=6)),
            y=alt.Y("arm:N", title=None, sort=None, axis=alt.Axis(labelLimit=240)),
            color=alt.Color("kind:N", title=None, scale=kinds),
            order=alt.Order("private:Q", sort="descending"),
        )
    )
    rule = alt.Chart(rows([{"at": SIZE / 1e6, "says": "the data"}])).encode(x="at:Q")
    line = rule.mark_rule(color=TEXT, strokeDash=[4, 3], aria=False)
    text = rule.mark_text(color=TEXT, align="left", dx=5, fontSize=12, aria=False)
    said = text.encode(y=alt.value(-8), text="says:N")
    return alt.layer(bars, line, said).properties(width=400, height=alt.Step(32))


def on(facts: Any) -> Iterator[str]:
    """The large files of the person's run, what lies in private memory, and how much there is."""
    memory = facts.memory
    if memory is None:
        yield from missing(facts, "memory", "what lies in memory was")
        return
    for file in memory["files"]:
        yield _of_a_file(file)
    for held in memory["held"]:
        if not held["mapped"]:
            yield f"{held['name']} holds {_megabytes(held['size'])} in private memory"
    grown = memory["anonymous"] - memory["anonymous_at_start"]
    if grown > 0:
        text = f"private memory grew by {_megabytes(grown)}, with the libraries, the model and its "
        text += f"activations, to {_megabytes(memory['anonymous'])}"
        yield text + (f" of {_megabytes(memory['total'])}" if memory["total"] else "")


def _of_a_file(file: Any) -> str:
    text = f"{file['path']} ({_megabytes(file['size'])}) is "
    if file["mapped"]:
        return text + "mapped: only pages in use take memory"
    ignored = ", although mmap_mode was given: an archive is not mapped"
    return text + "read into memory as a whole" + (ignored if file["wanted_mapped"] else "")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _write(array: IO[bytes], archive: IO[bytes], seed: int) -> None:
    """Both files hold the same rows. They have no name, so that whatever ends us removes them."""
    x = images(seed)
    try:
        np.save(array, x)
        np.savez_compressed(archive, x=x)
        array.flush()
        archive.flush()
    except OSError as error:
        raise UsageError(
            f"cannot write {_megabytes(2 * SIZE)} to {tempfile.gettempdir()}: {error.strerror or error}",
            "set TMPDIR to a folder with room",
        ) from error


def images(seed: int) -> NDArray[np.uint8]:
    """Rows of ten classes: each has its own few pixels, each row its own brightness."""
    draw = np.random.default_rng(seed)
    masks = np.where(draw.random((CLASSES, PIXELS)) < 0.05, 255, 0).astype(np.uint8)
    brightness = draw.integers(0, 256, (ROWS, 1), np.uint8)
    rows: NDArray[np.uint8] = masks[np.arange(ROWS) % CLASSES] & brightness
    return rows


def _read(file: IO[bytes], arm: str, seed: int) -> dict[str, Any]:
    """What a new process tells that reads the file in this way."""
    words = ARMS[arm] | {"path": f"/proc/self/fd/{file.fileno()}", "seed": seed}
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-P", _reader.__file__, json.dumps(words)],
        pass_fds=[file.fileno()],
        env=os.environ | one,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{arm} ended with {done.returncode}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _numbers(seen: dict[str, list[dict[str, Any]]]) -> dict[str, list[float]]:
    load, limited, mapped, copied, cast, archive = seen.values()
    return {
        "load": _added(load),
        "load_fails": [float(not each["fits"]) for each in limited],
        "map_fits": [float(each["fits"]) for each in mapped],
        "map": _added(mapped),
        "map_gap": [_gap(*pair) for pair in zip(load, mapped, strict=True)],
        "copied": _added(copied),
        "cast": _added(cast),
        "cast_is_memmap": [float(each["memmap"]) for each in cast],
        "archive": _added(archive),
        "archive_is_mapped": [float(each["memmap"]) for each in archive],
        "map_resident": [each["resident"] / SIZE for each in mapped],
        "map_dropped": [each["dropped"] / SIZE for each in mapped],
        "map_again": [_gap(each, {"weights": each["again"]}) for each in mapped],
    }


def _added(runs: list[dict[str, Any]]) -> list[float]:
    return [each["private"] / SIZE for each in runs]


def _gap(one: dict[str, Any], other: dict[str, Any]) -> float:
    return float(np.abs(np.subtract(one["weights"], other["weights"])).max())


def _rows(seen: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Means over the seeds, of the runs that came to their end."""
    rows: list[dict[str, Any]] = []
    for arm, runs in seen.items():
        ended = [each for each in runs if each["fits"]]
        for kind, share in (("private", 1), ("mapped from a file", 0)):
            sizes = [
                each["private"] if share else each["resident"] - each["private"] for each in ended
            ]
            if sizes:
                megabytes = round(sum(sizes) / len(sizes) / 1e6, 2)
                rows.append({"arm": arm, "kind": kind, "private": share, "megabytes": megabytes})
    return rows
