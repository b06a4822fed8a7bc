"""Whether other seeds give the same verdicts: the experiment of each question, several times.

    python benchmarks/questions.py [--repetitions 5] [--questions q03,q05] [--out FILE] [--write-evidence]

Repetition r takes the seeds 5 r to 5 r + 4, as ``unstuck explain --prove --seed`` does. Two experiments run
side by side, each in a process and on a thread of its own. A repetition agrees when every prediction of the
question has the verdict that it had in the first. ``--write-evidence`` also writes what the first repetition
saw into the package, from where pages and docs take it. What was made before Ctrl-C is kept.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unstuck import files
from unstuck.commands.prove import INTERRUPTED, proofs_of
from unstuck.questions import SEEDS, Evidence, Question, all_questions, explain

EVIDENCE = Path(__file__).parent.parent / "src" / "unstuck" / "questions" / "evidence"


def proofs(questions: Sequence[Question], repetitions: int) -> Iterator[Evidence]:
    """The evidence of every question, all of the first repetition before any of the second."""
    for repetition in range(repetitions):
        first = SEEDS * repetition
        yield from proofs_of(questions, range(first, first + SEEDS))


def summary(proven: Sequence[Evidence]) -> dict[str, Any]:
    """How the repetitions of one question compare with the first."""
    words = [{each.number: each.verdict for each in proof.results} for proof in proven]
    return {
        "repetitions": len(proven),
        "agree": words.count(words[0]),
        "seconds": [proof.seconds for proof in proven],
        "verdicts": {number: [each[number] for each in words] for number in words[0]},
    }


def measure(
    questions: Sequence[Question], repetitions: int, out: Path | None, evidence: Path | None
) -> dict[str, Any]:
    """Run all, and keep after each what there is; Ctrl-C ends it early."""
    before = json.loads(out.read_text()) if out and out.exists() else {}
    proven: dict[str, list[Evidence]] = {}
    for proof in proofs(questions, repetitions):
        proven.setdefault(proof.question, []).append(proof)
        seeds = f"seeds {proof.seeds[0]} to {proof.seeds[-1]}"
        print(f"{proof.question}  {seeds:<16}{proof.counted()}  {proof.seconds:.1f} s", flush=True)
        if evidence and proof.seeds[0] == 0:
            files.write_text(evidence / f"{proof.question}.json", proof.dumps())
        if out:
            found = {name: summary(each) for name, each in proven.items()}
            files.write_text(
                out, json.dumps(dict(sorted((before | found).items())), indent=1) + "\n"
            )
    return {name: summary(each) for name, each in proven.items()}


def proven() -> list[str]:
    """The questions that have an experiment."""
    return [name for name, each in all_questions().items() if each.is_proven]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--questions", default=",".join(proven()), help="q03,q05")
    parser.add_argument("--out", type=Path, help="write the JSON here; other questions in it stay")
    parser.add_argument("--write-evidence", action="store_true", help="into the package")
    options = parser.parse_args()
    questions = [explain(name) for name in options.questions.split(",")]
    evidence = EVIDENCE if options.write_evidence else None
    try:
        found = measure(questions, options.repetitions, options.out, evidence)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    same = sum(each["agree"] == each["repetitions"] for each in found.values())
    print(f"{same} of {len(found)} questions have the same verdicts with all seeds")


if __name__ == "__main__":
    main()
