"""How other tools do on the scripts of ``accuracy.py``: alarms, causes named, false alarms.

    python benchmarks/peers.py [--corpus development] [--peers NAME ...] [--only NAME ...] [--out FILE]

Each script runs under each installed peer, in a process of its own, for the first 200 updates or 75 seconds.
``attach_peers.py`` says how each peer is attached and which faults each of its rules names. An alarm is any
message at the peer's warning level or above. A cause counts as named when any message of that level names
the planted fault, be it as one of several; as named first, where the peer's report puts the likeliest
cause first, when its first message does. On a repaired twin or a healthy script any alarm is a false one.
The same is given for messages above the warning level alone. Shares come with their 95 % Wilson interval.
The row ``none`` is the script alone under the launcher.

An interrupted run with ``--out`` goes on where it was: its rows are beside FILE, in ``*.rows.tmp``.

The peers are installed into an environment in which unstuck's own corpus runs; what is not installed is
skipped. torcheck asks for torch below 2 and is installed without its dependencies:

    pip install torch-audit torchmortem torchtest2 training-doctor neuraldbg torchdiag mldoct
    pip install --no-deps torcheck
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import torch

from accuracy import cases, share
from attach_peers import PEERS, STEPS, Launch, lint

_LIMIT = 90
# Loaded once here, so that a run needs not load them again.
_PRELOADED = (
    "numpy sklearn.datasets sklearn.model_selection torch_audit torchmortem torchtest2 training_doctor "
    "neuraldbg torchdiag torcheck mldoctor.linter"
).split()


def versions() -> dict[str, str]:
    """The installed peers and their versions."""
    found = {}
    for name, peer in PEERS.items():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(peer.package) if peer.package else "-"
    return found


def score(case: dict[str, str], name: str) -> dict[str, Any]:
    """Run one script under one peer; which of its rules spoke, in its order."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        context = multiprocessing.get_context("fork")
        child = context.Process(target=_child, args=(name, case["path"], folder, answer))
        child.start()
        child.join(_LIMIT)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.join()
        if answer.exists():
            body = json.loads(answer.read_text())
        else:
            words = (Path(folder) / "output.txt").read_text(errors="replace")[-300:]
            body = {"attached": False, "whole": False, "steps": 0, "seconds": _LIMIT}
            body |= {
                "messages": [],
                "error": f"no answer, exit {child.exitcode}: {words.strip()[-100:]}",
            }
    peer, words, severe = PEERS[name], {}, []
    for rule, level, text in body.pop("messages"):
        words.setdefault(rule, text[:160])
        if level in peer.severe and rule not in severe:
            severe.append(rule)
    row = {"peer": name, "name": case["name"], "kind": case["kind"], "fault": case["fault"]}
    return {**row, "rules": list(words), "severe_rules": severe, **body, "words": words}


def names_fault(row: dict[str, Any], rules: list[str]) -> bool:
    """Whether one of the rules names the planted fault."""
    names = PEERS[row["peer"]].names
    return any(row["fault"] in names.get(rule, "").split() for rule in rules)


def _child(name: str, script: str, folder: str, answer: Path) -> NoReturn:
    os.setsid()
    os.chdir(folder)
    out = os.open("output.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if name == "mldoct":
        lint(Path(script), answer)
    torch.set_num_threads(1)
    Launch(PEERS[name](), answer).run(Path(script))


def shares(rows: list[dict[str, Any]], which: str) -> dict[str, Any]:
    """Alarms, causes named and false alarms of the rules at a level."""
    faulty = [row for row in rows if row["kind"] == "faulty"]
    repaired = [bool(row[which]) for row in rows if row["kind"] == "repaired"]
    healthy = [bool(row[which]) for row in rows if row["kind"] == "healthy"]
    return {
        "alarms": share([bool(row[which]) for row in faulty]),
        "named": share([names_fault(row, row[which]) for row in faulty]),
        "false_alarms": share(repaired + healthy),
        "false_alarms_repaired": share(repaired),
        "false_alarms_healthy": share(healthy),
    }


def summary(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The shares of one peer."""
    mine = [row for row in rows if row["peer"] == name]
    faulty = [row for row in mine if row["kind"] == "faulty"]
    first = [names_fault(row, row["rules"][:1]) for row in faulty]
    alone = {row["name"] for row in rows if row["peer"] == "none" and row["error"]}
    return {
        **shares(mine, "rules"),
        "named_first": share(first) if PEERS[name].ranks else None,
        "above_warning": shares(mine, "severe_rules") if PEERS[name].severe else None,
        "faults_named": sorted({r["fault"] for r in faulty if names_fault(r, r["rules"])}),
        "not_attached": [row["name"] for row in mine if not row["attached"]],
        "not_the_whole_model": [r["name"] for r in mine if r["attached"] and not r["whole"]],
        "broke_the_script": [r["name"] for r in mine if r["error"] and r["name"] not in alone],
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """For the terminal: at warning or above, and above it."""
    columns = ("alarms", "named", "named_first", "false_alarms", "false_alarms_healthy")
    heads = ("alarm", "named", "first", "false", "healthy", "above warning: alarm, named, false")
    lines = [f"{'':<46}" + "".join(f"{head:<9}" for head in heads)]
    for name, found in results.items():
        cells = [_cell(found[key]) for key in columns]
        high = found["above_warning"]
        if high:
            cells += [_cell(high[key]) for key in ("alarms", "named", "false_alarms")]
        lines.append(f"{name + ' ' + found['version']:<46}" + "".join(f"{c:<9}" for c in cells))
    return "\n".join(lines)


def _cell(found: dict[str, Any] | None) -> str:
    return f"{found['hits']}/{found['of']}" if found else "-"


def finished(kept: Path | None) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of an interrupted run, by peer and script."""
    if kept is None or not kept.exists():
        return {}
    # A line cut off by the interruption has no end, and goes.
    whole = [line for line in kept.read_text().splitlines(True) if line.endswith("\n")]
    kept.write_text("".join(whole))
    rows = [json.loads(line) for line in whole]
    return {(row["peer"], row["path"]): row for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", nargs="*", default=["development"])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--only", nargs="*", default=[], help="names of scripts")
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    installed = versions()
    for name in options.peers:
        print(f"{name}: {installed.get(name, 'not installed, skipped')}")
    for module in _PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    every = [case for corpus in options.corpus for case in cases(corpus)]
    chosen = [c for c in every if not options.only or c["name"] in options.only]
    peers = [name for name in options.peers if name in installed]
    rows, kept = [], options.out.with_suffix(".rows.tmp") if options.out else None
    done = finished(kept)
    for case in chosen:
        for name in peers:
            row = done.get((name, case["path"])) or {**score(case, name), "path": case["path"]}
            rows.append(row)
            if kept and (name, case["path"]) not in done:
                with kept.open("a") as lines:
                    lines.write(json.dumps(row) + "\n")
            named = names_fault(row, row["rules"])
            mark = "named" if named else "alarm" if row["rules"] else "-"
            print(
                f"{mark:<7}{row['name']:<38}{row['fault'] or '-':<30}{name:<20}{row['rules']} "
                f"{row['error']}",
                flush=True,
            )
    examples: dict[str, dict[str, str]] = {name: {} for name in peers}
    for row in rows:
        examples[row["peer"]] = {**row.pop("words"), **examples[row["peer"]]}
        row.pop("path")
    results = {}
    for name in peers:
        peer = PEERS[name]
        results[name] = {
            "version": installed[name],
            "attached": peer.how,
            **summary(rows, name),
            "rules_name": {rule: faults.split() for rule, faults in peer.names.items()},
            "examples": examples[name],
        }
    print(table(results))
    if options.out:
        body = {
            "corpora": options.corpus,
            "python": sys.version.split()[0],
            "torch": torch.__version__,
            "updates": STEPS,
            "peers": results,
            "rows": rows,
        }
        options.out.write_text(json.dumps(body, indent=1) + "\n")
        kept.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
