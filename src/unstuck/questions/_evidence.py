"""The record of a proof: what was predicted, what was seen, with which seeds and versions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from unstuck.records import plain

FOLDER = Path(__file__).parent / "evidence"

ALIKE = 0.01
"""Means that differ by less than this part are the same to a reader, however small the spread."""


@dataclass(frozen=True)
class Result:
    """One prediction and what came of it; ``interval`` is the 95 % one of the mean over the seeds."""

    says: str
    number: str
    bounds: str
    verdict: str
    mean: float
    interval: tuple[float, float]
    claim: int | None = None
    limit: str = ""
    share: bool = False

    def seen(self) -> str:
        """The mean with its interval, rounded for a reader.

        Of a share only what lies between 0 and 1 is shown; judged and kept is all of the interval.
        """
        low, high = self.interval
        if self.share:
            low, high = max(low, 0.0), min(high, 1.0)
        if low == high:
            return rounded(self.mean)
        return f"{rounded(self.mean)} ({rounded(low)} to {rounded(high)})"

    def said(self) -> str:
        """What was seen and what was predicted."""
        limit = f" ({self.limit})" if self.limit else ""
        return f"{self.says}: {self.seen()}; predicted {self.bounds}{limit}"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.said()}"

    def differs(self, other: "Result") -> bool:
        """Whether the two verdicts, or the two means beyond their intervals, are not the same."""
        if self.verdict != other.verdict:
            return True
        apart = self.interval[0] > other.interval[1] or self.interval[1] < other.interval[0]
        return apart and abs(self.mean - other.mean) > ALIKE * max(abs(self.mean), abs(other.mean))


@dataclass(frozen=True)
class Evidence:
    """One proof of one question. ``numbers`` has a value a seed; ``series`` is for the picture."""

    question: str
    date: str
    seeds: tuple[int, ...]
    seconds: float
    versions: Mapping[str, str]
    results: tuple[Result, ...]
    numbers: Mapping[str, Sequence[float]]
    series: Mapping[str, Any] = field(default_factory=dict)

    def dumps(self) -> str:
        """As JSON, one line a value so that a change of it can be read."""
        return plain.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def loads(cls, text: str | bytes) -> Self:
        """What :meth:`dumps` wrote.

        Raises:
            ValueError: it is something else.
        """
        body = plain.loads(text)
        try:
            results = tuple(
                Result(**(each | {"interval": tuple(each["interval"])})) for each in body["results"]
            )
            return cls(**(body | {"seeds": tuple(body["seeds"]), "results": results}))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the evidence of a question: {error}") from error

    def counted(self) -> str:
        """``6 supported, 1 illustrated``: how many predictions came out how."""
        words = [each.verdict for each in self.results]
        return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))

    def __str__(self) -> str:
        return "\n".join([f"{self.question}: {self.counted()}", *map(str, self.results)])

    def _repr_html_(self) -> str:
        from unstuck.questions import all_questions
        from unstuck.questions._display import html

        return html(all_questions()[self.question], self)

    def made(self) -> str:
        """When and with what it was made."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        seeds = f"seeds {self.seeds[0]} to {self.seeds[-1]}"
        return f"{self.date}, {seeds}, {self.seconds:.0f} s, {versions}"

    def of_claim(self, claim: int | None) -> list[Result]:
        """The results that judge one popular claim; of None those that judge none."""
        return [each for each in self.results if each.claim == claim]


def recorded(question: str) -> Evidence | None:
    """The evidence that came with the package; None if there is none."""
    file = FOLDER / f"{question}.json"
    return Evidence.loads(file.read_bytes()) if file.exists() else None


def rounded(number: float) -> str:
    """Three digits, or all of a whole number below a million."""
    if number == int(number) and abs(number) < 1e6:
        return f"{number:.0f}"
    return f"{number:.3g}"
