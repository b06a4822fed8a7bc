"""How often the replays are right: coverage, causes confirmed, false confirmations, time.

    python benchmarks/proof.py [--corpus proof] [--kinds faulty healthy] [--every N] [--out FOLDER]

Each script runs under ``unstuck check``, one at a time, as it would for a person. Counted are

* scripts whose unchanged replay gives the recorded losses bit for bit, and the largest difference;
* faults named first, and confirmed; the same recording asked again without its trials (proof off); and what
  a remedy drawn at random from those that were tried would have hit, at the same budget;
* scripts with two faults of which both are named among the first three, and both confirmed;
* false confirmations: a confirmed finding at ``warning`` or above on a repaired twin, a healthy script, or
  one whose labels are shuffled (there only ``labels-look-random`` is true);
* seconds from start to verdict.

Shares come with their 95 % Wilson interval. ``--kills N`` instead kills N checks while they prove, and looks
for what they leave behind.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import accuracy
from unstuck.checks import all_checks, diagnosed
from unstuck.records import Facts, Run

LEVELS = ("error", "warning")
# learning-rate-suspect says the same from evidence alone, with the direction in its message.
ALSO = {
    "learning-rate-too-high": ("learning-rate-suspect",),
    "learning-rate-too-low": ("learning-rate-suspect",),
}
RANDOM = "labels-look-random"


def cases(corpus: str) -> list[dict[str, Any]]:
    """Every script with its kind and its faults."""
    folder = accuracy.CORPUS / corpus
    found: list[dict[str, Any]] = []
    if (folder / "faulty" / "index.json").exists():
        for case in accuracy.cases(corpus):
            found.append({**case, "faults": [case["fault"]] if case["fault"] else []})
    for entry in _index(folder / "twofold"):
        path = folder / "twofold" / entry["name"] / "faulty.py"
        found.append({**entry, "kind": "twofold", "path": str(path)})
    for entry in _index(folder / "shuffled"):
        path = folder / "shuffled" / f"{entry['name']}.py"
        found.append({**entry, "kind": "shuffled", "path": str(path), "faults": []})
    return found


def _index(folder: Path) -> list[dict[str, Any]]:
    file = folder / "index.json"
    return json.loads(file.read_text()) if file.exists() else []


def measured(case: dict[str, Any]) -> dict[str, Any]:
    """Run one script under check; what it named, what it confirmed, and at what cost."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "unstuck", "check", "--quiet", case["path"]],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        seconds = time.perf_counter() - begun
        recorded = sorted(Path(folder).glob(".unstuck/runs/*/run.json"))
        if not recorded or done.returncode == 3:
            return {**_known(case), "error": done.stderr[-500:], "seconds": seconds}
        run = Run.loads(recorded[-1].read_text())
    return {**row(case, diagnosed(run)), "seconds": round(seconds, 2)}


def _known(case: dict[str, Any]) -> dict[str, Any]:
    return {key: case[key] for key in ("name", "kind", "faults")}


def row(case: dict[str, Any], run: Run) -> dict[str, Any]:
    """What a recorded run says of its script."""
    trials = run.facts.trials
    families = {name: value for name, value in run.facts.families.items() if name != "trials"}
    without = diagnosed(Run(run.name, run.created, run.script, facts=Facts(families)))
    told = {
        **_known(case),
        "named": [f.check for f in run.findings if f.severity in LEVELS],
        "confirmed": [f.check for f in _flat(run.findings) if _is_confirmed(f)],
        "named_without_proof": [f.check for f in without.findings if f.severity in LEVELS],
        "check_seconds": run.script.seconds,
        "unproven": None if trials else run.facts.missing.get("trials", ""),
    }
    if trials:
        told |= {
            "self_check": trials["self_check"],
            "winner": trials["winner"],
            "judged_on": trials["judged_on"],
            "margin": trials["margin"],
            "replays": trials["replays"],
            "proof_seconds": trials["seconds"],
            "remarks": trials["remarks"],
            "by_chance": by_chance(case["faults"], trials["verdicts"]),
            "verdicts": [[v["remedy"], v["status"], v["gains"]] for v in trials["verdicts"]],
        }
    return told


def _flat(findings: Any) -> Any:
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)


def _is_confirmed(finding: Any) -> bool:
    return finding.status == "confirmed" and finding.severity in LEVELS


def by_chance(faults: list[str], verdicts: list[Any]) -> float:
    """How often one of the tried remedies, drawn at random, belongs to the first fault's check."""
    tried = [v["remedy"] for v in verdicts if v["gains"] and "+" not in v["remedy"]]
    check = all_checks().get(faults[0]) if faults else None
    if check is None or not tried:
        return 0.0
    return sum(remedy in check.remedies for remedy in tried) / len(tried)


def right(named: list[str], fault: str) -> bool:
    """Whether the first that was named is the fault."""
    return bool(named) and named[0] in (fault, *ALSO.get(fault, ()))


def has(names: list[str], fault: str) -> bool:
    """Whether the fault is among the names."""
    return any(name in (fault, *ALSO.get(fault, ())) for name in names)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All that is counted."""
    ran = [r for r in rows if "error" not in r]
    replayed = [r for r in ran if not r["unproven"]]
    same = [r for r in ran if "not the same twice" in (r["unproven"] or "")]
    faulty = [r for r in ran if r["kind"] == "faulty"]
    twofold = [r for r in ran if r["kind"] == "twofold"]
    sound = [r for r in ran if r["kind"] in ("repaired", "healthy", "shuffled")]
    found: dict[str, Any] = {
        "scripts": len(rows),
        "errors": [r["name"] for r in rows if "error" in r],
        "replayed": accuracy.share([not r["unproven"] for r in ran]),
        "not_the_same": [r["name"] for r in same],
        "largest_difference": max(
            (r["self_check"]["largest_difference"] for r in replayed), default=None
        ),
        "seconds_to_verdict": round(median(r["seconds"] for r in ran), 1) if ran else None,
        "seconds_of_proof": round(median(r["proof_seconds"] for r in replayed), 1)
        if replayed
        else None,
        "cut_by_budget": sum(any("not everything" in x for x in r["remarks"]) for r in replayed),
        "false_confirmations": {
            kind: accuracy.share([bool(_false(r)) for r in sound if r["kind"] == kind])
            for kind in ("repaired", "healthy", "shuffled")
        },
        "false_confirmations_all": accuracy.share([bool(_false(r)) for r in sound]),
        "false_alarms_all": accuracy.share([bool(_alarms(r)) for r in sound]),
    }
    if faulty:
        found["named_first"] = accuracy.share([right(r["named"], r["faults"][0]) for r in faulty])
        found["named_first_without_proof"] = accuracy.share(
            [right(r["named_without_proof"], r["faults"][0]) for r in faulty]
        )
        found["confirmed"] = accuracy.share([has(r["confirmed"], r["faults"][0]) for r in faulty])
        found["by_chance"] = round(sum(r.get("by_chance", 0.0) for r in faulty) / len(faulty), 3)
    if twofold:
        for word, key in (("named_both", "named"), ("confirmed_both", "confirmed")):
            found[word] = accuracy.share(
                [all(has(r[key][:3], fault) for fault in r["faults"]) for r in twofold]
            )
        found["named_first_of_two"] = accuracy.share(
            [any(right(r["named"], fault) for fault in r["faults"]) for r in twofold]
        )
    return found


def _false(r: dict[str, Any]) -> list[str]:
    return [c for c in r["confirmed"] if not (r["kind"] == "shuffled" and c == RANDOM)]


def _alarms(r: dict[str, Any]) -> list[str]:
    true_there = (RANDOM, "loss-not-falling") if r["kind"] == "shuffled" else ()
    return [c for c in r["named"] if c not in true_there]


def kills(count: int) -> dict[str, Any]:
    """Kill checks while they prove; what is left of them a moment later."""
    script = accuracy.CORPUS / "proof_development" / "twofold" / "claims_screen" / "faulty.py"
    generator = random.Random(0)
    left: list[str] = []
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder) / "tmp"
            temporary.mkdir()
            running = subprocess.Popen(
                [sys.executable, "-m", "unstuck", "check", "--steps", "60", str(script)],
                cwd=folder,
                env={**os.environ, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            until = time.monotonic() + 60
            while len(_session(running.pid)) < 3 and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(generator.uniform(0, 3))
            midway = running.poll() is None
            running.kill()
            running.wait()
            time.sleep(1)
            rest = _session(running.pid)
            # Torch makes the folder of its compiler's cache under plain python as well.
            files = [p.name for p in temporary.iterdir() if not p.name.startswith("torchinductor")]
            if not midway or rest or files:
                left.append(f"{number}: midway {midway}, processes {rest}, files {files}")
    return {"killed": count, "left_something": left}


def _session(session: int) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(folder.name)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", nargs="*", default=["proof"])
    parser.add_argument("--kinds", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts")
    parser.add_argument("--every", type=int, default=1, help="only each N-th script of a kind")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for one JSON a corpus")
    options = parser.parse_args()
    if options.kills:
        write(options.out, "proof-kills", kills(options.kills))
        return
    for corpus in options.corpus:
        chosen = [
            case
            for case in cases(corpus)
            if (not options.kinds or case["kind"] in options.kinds)
            and (not options.only or case["name"] in options.only)
        ]
        rows = []
        for case in chosen[:: options.every]:
            rows.append(measured(case))
            told = rows[-1]
            print(
                f"{told['kind']:<9}{told['name']:<34}{','.join(told['faults']):<50}"
                f"{told.get('named')} confirmed {told.get('confirmed')} {told['seconds']:.1f} s "
                f"{told.get('unproven') or told.get('error') or ''}",
                flush=True,
            )
        write(options.out, f"proof-{corpus}", {"summary": summary(rows), "rows": rows})


def write(out: Path | None, name: str, result: dict[str, Any]) -> None:
    """Print what counts, and keep all of it."""
    print(json.dumps(result.get("summary", result), indent=2))
    if out:
        (out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
