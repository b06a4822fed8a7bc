"""Whether seeds that nobody tuned on give the recorded verdicts: each experiment, several times.

    python benchmarks/questions.py [--repetitions 5] [--questions q03,q05] [--first-seed 3000] [--out FILE]

Repetition r takes five seeds from ``--first-seed`` + 5 r on. Two experiments run side by side, each in a
process and on a thread of its own. A repetition agrees when every prediction of the question has the verdict
of the recorded evidence, which is made by ``unstuck explain --prove --all --evidence
src/unstuck/questions/evidence`` (seeds 0 to 4). What was made before Ctrl-C is kept.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unstuck import files
from unstuck.commands.prove import proofs_of
from unstuck.errors import INTERRUPTED
from unstuck.questions import SEEDS, Evidence, Question, all_questions, explain

FRESH = 3000
"""The first seed that nothing was tuned on; what 1000 to 2004 gave has moved some bounds."""


def proofs(questions: Sequence[Question], repetitions: int, first: int) -> Iterator[Evidence]:
    """The evidence of every question, all of the first repetition before any of the second."""
    for start in range(first, first + SEEDS * repetitions, SEEDS):
        yield from proofs_of(questions, range(start, start + SEEDS))


def verdicts(evidence: Evidence) -> dict[str, str]:
    """The verdict of each prediction, by its number."""
    return {each.number: each.verdict for each in evidence.results}


def summary(recorded: Evidence, made: Sequence[Evidence]) -> dict[str, Any]:
    """How the repetitions of one question compare with what is recorded."""
    words = list(map(verdicts, made))
    return {
        "first_seed": made[0].seeds[0],
        "repetitions": len(made),
        "agree": words.count(verdicts(recorded)),
        "verdicts": {number: [each[number] for each in words] for number in verdicts(recorded)},
    }


def measure(
    questions: Sequence[Question], repetitions: int, first: int, out: Path | None
) -> dict[str, Any]:
    """Run all, and keep after each what there is; Ctrl-C ends it early."""
    before = json.loads(out.read_text()) if out and out.exists() else {}
    recorded = {each.name: each.evidence for each in questions}
    made: dict[str, list[Evidence]] = {}
    found: dict[str, Any] = {}
    for proof in proofs(questions, repetitions, first):
        made.setdefault(proof.question, []).append(proof)
        found = {name: summary(recorded[name], each) for name, each in made.items()}
        seeds = f"seeds {proof.seeds[0]} to {proof.seeds[-1]}"
        print(f"{proof.question}  {seeds:<21}{proof.counted()}  {proof.seconds:.1f} s", flush=True)
        if out:
            text = json.dumps(dict(sorted((before | found).items())), indent=1)
            files.write_text(out, text + "\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--questions", default=",".join(all_questions()), help="q03,q05")
    parser.add_argument("--first-seed", type=int, default=FRESH, help="%(default)s, never tuned on")
    parser.add_argument("--out", type=Path, help="write the JSON here; other questions in it stay")
    options = parser.parse_args()
    questions = [explain(name) for name in options.questions.split(",")]
    try:
        found = measure(questions, options.repetitions, options.first_seed, options.out)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    same = sum(each["agree"] == each["repetitions"] for each in found.values())
    print(f"{same} of {len(found)} questions have the recorded verdicts with all seeds")


if __name__ == "__main__":
    main()
