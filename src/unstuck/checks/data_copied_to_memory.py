"""The check of the same name."""

from collections.abc import Iterator

from unstuck.checks._registry import check
from unstuck.records import Facts, Finding, Location
from unstuck.records.memory import File, Held

_MB = 1_000_000


@check(
    needs={"memory"},
    remedies=("map-data",),
    question="q12",
)
def data_copied_to_memory(
    facts: Facts,
    *,
    # Below this a copy is no matter.
    megabytes: int = 100,
    # A tenth of the memory may be spent on data without a thought.
    share: float = 0.1,
) -> Iterator[Finding]:
    """A mapped data file was copied into memory as a whole.

    ## What it does
    Knows the large files that are mapped (`np.load(mmap_mode=...)`, `np.memmap`, `torch.from_file`)
    or read by `np.load`, and the large arrays and tensors that the script and its data sets hold. It
    reports an array in memory of as many numbers as a mapped file holds, an archive whose mapping
    was asked for and silently did not happen, and a large file read whole.

    ## Why is this bad?
    A mapped file takes the memory of the pages in use; `np.array(mapped)` and `mapped.astype(...)` read all
    of it, and float32 made of bytes takes four times the file. Then data larger than the memory ends the run.

    ## Example
    ```python
    import numpy as np
    import torch

    torch.manual_seed(0)
    np.save("big.npy", np.random.rand(1000, 30_000).astype(np.float32))
    mapped = np.load("big.npy", mmap_mode="r")
    data = np.array(mapped)
    model = torch.nn.Linear(30_000, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(4):
        optimizer.zero_grad()
        batch = torch.from_numpy(np.array(data[8 * step : 8 * step + 8]))
        model(batch).pow(2).mean().backward()
        optimizer.step()
    ```
    Use instead:
    ```python
    import numpy as np
    import torch

    torch.manual_seed(0)
    np.save("big.npy", np.random.rand(1000, 30_000).astype(np.float32))
    mapped = np.load("big.npy", mmap_mode="r")
    data = mapped
    model = torch.nn.Linear(30_000, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(4):
        optimizer.zero_grad()
        batch = torch.from_numpy(np.array(data[8 * step : 8 * step + 8]))
        model(batch).pow(2).mean().backward()
        optimizer.step()
    ```

    ## Threshold
    `megabytes` (100) of copy: anything below is no matter on any machine. A copy counts as one of a mapped
    file when it has as many numbers, of 1, 2, 4 or 8 bytes each, within 1 %. A file that was
    read whole and never mapped is a `note`, if it takes at least `share` (a tenth) of the memory.
    Memory is RssAnon, which no file backs; the resident size counts mapped pages as well.

    ## When it is wrong
    Data that fits into memory trains faster from there, and a copy may be meant. Another array of
    exactly as many numbers as the file is taken for its copy. Systems without /proc are not checked.
    """
    memory = facts.memory
    limit = megabytes * _MB
    mapped = [file for file in memory["files"] if file["mapped"]]
    for held in memory["held"]:
        if held["mapped"] or held["size"] < limit:
            continue
        original = next((file for file in mapped if _is_copy(held, file)), None)
        if original is not None:
            grown = max(0, memory["anonymous"] - memory["anonymous_at_start"])
            yield Finding(
                f"{held['name']} is a copy in memory, {held['size'] / _MB:.0f} MB, of the mapped file "
                f"{original['path']} ({original['size'] / _MB:.0f} MB)",
                evidence={"copy": dict(held), "file": dict(original), "grown": grown},
                severity="warning",
                location=Location.of(held["place"] or original["place"]),
            )
            return
    for file in memory["files"]:
        if file["mapped"] or file["size"] < limit:
            continue
        wanted = file["wanted_mapped"]
        if wanted or (memory["total"] and file["size"] >= share * memory["total"]):
            why = "although mmap_mode was given: archives cannot be mapped" if wanted else ""
            yield Finding(
                f"{file['path']} ({file['size'] / _MB:.0f} MB) is read into memory {why}".rstrip(),
                evidence={"file": dict(file), "memory": memory["total"]},
                severity="note",
                location=Location.of(file["place"]),
            )
            return


def _is_copy(held: Held, file: File) -> bool:
    """Whether it has as many numbers as the file, whatever their width in the file."""
    return any(abs(held["entries"] * width / file["size"] - 1) < 0.01 for width in (1, 2, 4, 8))
