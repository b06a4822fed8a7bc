"""How often the checks are right: faulty scripts, their repaired twins, healthy scripts.

    python benchmarks/accuracy.py [--corpus first second] [--only NAME ...] [--out FILE]

Each script of the corpus runs under ``unstuck check --no-prove``; ``proof.py`` measures the replays. A
fault counts as named first when the first
finding at ``warning`` or above is the check the corpus's author gave it, as among the first three
when one of the first three is; symptoms folded under another finding do not count. Any finding at that
level on a repaired twin or a healthy script is a false alarm. Shares come with their 95 % Wilson
interval (Wilson 1927, *Probable Inference*).
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "tests" / "scripts" / "corpus"
LEVELS = ("error", "warning")


def corpora() -> list[str]:
    """The names of the corpora that facts alone decide; ``proof.py`` has its own."""
    found = [path.parent.parent for path in CORPUS.glob("*/faulty/index.json")]
    return sorted(folder.name for folder in found if not (folder / "twofold").exists())


def cases(corpus: str) -> list[dict[str, str]]:
    """Every script of a corpus with the fault it should be given; empty for none."""
    found = []
    for entry in json.loads((CORPUS / corpus / "faulty" / "index.json").read_text()):
        folder = CORPUS / corpus / "faulty" / entry["name"]
        found.append({"name": entry["name"], "kind": "faulty", "fault": entry["fault"]})
        found[-1]["path"] = str(folder / "faulty.py")
        twin = {"name": f"{entry['name']}-repaired", "kind": "repaired", "fault": ""}
        found.append({**twin, "path": str(folder / "repaired.py")})
    for entry in json.loads((CORPUS / corpus / "healthy" / "index.json").read_text()):
        path = CORPUS / corpus / "healthy" / f"{entry['name']}.py"
        found.append({"name": entry["name"], "kind": "healthy", "fault": "", "path": str(path)})
    return found


def fingerprint(corpus: str) -> str:
    """The SHA-256 of a corpus: of the lines ``sha256  ./path`` of its files, sorted by path.

    That of the sealed corpus was committed, in ``sealed.sha256``, before it was first scored. It is what
    ``find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`` prints in its folder.
    """
    folder = CORPUS / corpus
    names = sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    lines = [f"{sha256((folder / name).read_bytes()).hexdigest()}  ./{name}\n" for name in names]
    return sha256("".join(lines).encode()).hexdigest()


def score(case: dict[str, str]) -> dict[str, Any]:
    """Run one script under check; what it named, in order, and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "unstuck",
                "check",
                "--no-prove",
                "--quiet",
                "--json",
                str(report),
                case["path"],
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            # Two at a time with two threads each would spend their time waiting for one another.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        if not report.exists():
            return {**case, "exit": done.returncode, "named": None, "error": done.stderr[-500:]}
        body = json.loads(report.read_text())
    return outcome(case, body)


def outcome(case: dict[str, str], report: dict[str, Any]) -> dict[str, Any]:
    """What a report named, in its order; the messages only where that was wrong."""
    named = [f["check"] for f in report["findings"] if f["severity"] in LEVELS]
    row = {
        **{key: case[key] for key in ("name", "kind", "fault")},
        "named": named,
        "symptoms": [s["check"] for f in report["findings"] for s in f["symptoms"]],
        "steps": report["script"]["steps"],
        "seconds": report["script"]["seconds"],
    }
    if not is_right(row):
        row["messages"] = [f"{f['severity']}: {f['message']}" for f in report["findings"]]
        row["not_checked"] = report["not_checked"].get(case["fault"])
    return row


def is_right(row: dict[str, Any]) -> bool:
    """Whether the fault was named first, or nothing where there is none."""
    wanted = [row["fault"]] if row["fault"] else []
    return bool(row["named"] is not None and row["named"][:1] == wanted)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, hits / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    below = 1 + z * z / total
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares named first, named at all, and false alarms; overall and for each check."""
    faulty = [row for row in rows if row["kind"] == "faulty"]
    sound = [row for row in rows if row["kind"] != "faulty"]
    named = [row["named"] or [] for row in faulty]
    first = [each[:1] == [row["fault"]] for row, each in zip(faulty, named, strict=True)]
    three = [row["fault"] in each[:3] for row, each in zip(faulty, named, strict=True)]
    alarms = [bool(row["named"]) for row in sound]
    alarming = {check for row in sound for check in row["named"] or []}
    checks = sorted({row["fault"] for row in faulty} | alarming)
    return {
        "named_first": share(first),
        "named_in_three": share(three),
        "false_alarms": share(alarms),
        "by_check": {
            check: {
                "named_first": share(
                    [f for r, f in zip(faulty, first, strict=True) if r["fault"] == check]
                ),
                "named_in_three": share(
                    [t for r, t in zip(faulty, three, strict=True) if r["fault"] == check]
                ),
                "false_alarms": share([check in (row["named"] or []) for row in sound]),
            }
            for check in checks
        },
    }


def share(outcomes: list[bool]) -> dict[str, Any]:
    """How many of how many, and the interval."""
    low, high = wilson(sum(outcomes), len(outcomes))
    return {"hits": sum(outcomes), "of": len(outcomes), "wilson": [round(low, 3), round(high, 3)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", nargs="*", default=corpora())
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts")
    parser.add_argument("--out", type=Path, help="folder for one JSON a corpus")
    options = parser.parse_args()
    for corpus in options.corpus:
        every = cases(corpus)
        chosen = [c for c in every if not options.only or c["name"] in options.only]
        measure(corpus, chosen, options.out)


def measure(corpus: str, chosen: list[dict[str, str]], out: Path | None) -> None:
    """Score the scripts, two at a time, and write down how it went."""
    rows = []
    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(score, chosen):
            rows.append(row)
            mark = "ok  " if is_right(row) else "MISS" if row["fault"] else "WRONG"
            print(f"{mark:<6}{row['name']:<32}{row['fault'] or '-':<30}{row['named']}", flush=True)
    result = {"summary": summary(rows), "rows": rows}
    print(json.dumps(result["summary"], indent=2))
    if out:
        (out / f"accuracy-{corpus}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
