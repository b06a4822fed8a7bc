"""Bit-identity of ``unstuck run``: the same script under python and under us.

    python benchmarks/identity.py [--only NAME ...] [--workers 0 2] [--out FILE]

Compared: the digest that each script writes (every parameter, buffer, optimizer state, random state and
the loss of every step, as bytes), standard output, and the exit code.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent.parent / "tests" / "scripts" / "identity"


def names() -> list[str]:
    """The scripts, without their shared helper."""
    return sorted(path.stem for path in SCRIPTS.glob("[!_]*.py"))


def outcome(script: str, workers: int, prefix: list[str]) -> dict[str, Any]:
    """Digest, output and exit code of one run in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        digest = Path(folder) / "digest.json"
        script_path = str(SCRIPTS / f"{script}.py")
        done = subprocess.run(
            [sys.executable, *prefix, script_path, "--workers", str(workers), "--out", str(digest)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        body = json.loads(digest.read_text()) if digest.exists() else None
        recorded = sorted(Path(folder).glob(".unstuck/runs/*/run.json"))
        run = json.loads(recorded[0].read_text()) if recorded else None
    return {
        "digest": body,
        "stdout": done.stdout,
        "exit": done.returncode,
        "stderr": done.stderr,
        "run": run,
    }


def compare(script: str, workers: int) -> dict[str, Any]:
    """Whether the cell is equal, and what was recorded."""
    plain = outcome(script, workers, [])
    watched = outcome(script, workers, ["-m", "unstuck", "run"])
    different = [key for key in ("digest", "stdout", "exit") if plain[key] != watched[key]]
    run = watched["run"] or {}
    missing = run.get("facts", {}).get("missing", {})
    return {
        "script": script,
        "workers": workers,
        "equal": not different and plain["digest"] is not None,
        "different": different,
        "steps": run.get("script", {}).get("steps"),
        "lost": {k: v for k, v in missing.items() if v.startswith("not recorded")},
        "findings": [f["check"] for f in run.get("findings", [])],
        "stderr": watched["stderr"] if different else "",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts")
    parser.add_argument("--workers", nargs="*", type=int, default=[0, 2])
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    cells = [
        (s, w) for s in names() for w in options.workers if not options.only or s in options.only
    ]
    rows = []
    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(lambda cell: compare(*cell), cells):
            rows.append(row)
            word = "equal" if row["equal"] else f"DIFFERENT {row['different']}"
            print(
                f"{row['script']:<28}workers {row['workers']}  {word}  steps {row['steps']}  "
                f"{row['findings']} {row['lost'] or ''}",
                flush=True,
            )
            if row["different"]:
                print(row["stderr"][-1500:])
    equal = sum(row["equal"] for row in rows)
    print(f"{equal} of {len(rows)} cells equal")
    if options.out:
        options.out.write_text(
            json.dumps({"equal": equal, "of": len(rows), "rows": rows}, indent=1) + "\n"
        )
    sys.exit(equal != len(rows))


if __name__ == "__main__":
    main()
