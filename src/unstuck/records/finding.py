"""A finding: what is wrong, where, and by what evidence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, TypedDict

Severity = Literal["error", "warning", "note"]
Status = Literal["unproven", "confirmed", "outranked", "rejected"]
"""``confirmed``: its remedy makes the run learn. ``outranked``: so does its remedy, but another was
chosen. ``rejected``: none of its remedies gains anything. ``unproven``: all else."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From worst to mildest: cannot learn, will learn badly, worth knowing."""


class Place(TypedDict):
    """A location as the facts keep it."""

    file: str
    line: int
    code: str


@dataclass(frozen=True)
class Location:
    """A line of the person's code."""

    file: str
    line: int
    code: str = ""

    @classmethod
    def of(cls, plain: Mapping[str, Any] | None) -> Self | None:
        """The location that a fact recorded as plain data; None stays None."""
        if plain is None:
            return None
        return cls(str(plain["file"]), int(plain["line"]), str(plain.get("code", "")))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Proof:
    """What the replays say of a finding, and by what numbers.

    ``remedy`` is the one it was judged by (two joined by ``+``), empty where none was; ``change`` says it
    in words. ``before`` and ``after`` are mean scores without and with it, ``gain`` the mean difference
    and ``interval`` its 95 % interval. ``agreeing`` of the ``seeds`` gained something. ``reason`` says
    why the finding is not confirmed; it is empty where it is.
    """

    reason: str = ""
    remedy: str = ""
    change: str = ""
    before: float | None = None
    after: float | None = None
    gain: float | None = None
    interval: tuple[float, float] | None = None
    seeds: int = 0
    agreeing: int = 0
    steps: int = 0
    score: str = ""
    judged_on: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, plain: Mapping[str, Any] | None) -> Self | None:
        """The proof as :meth:`Finding.plain` wrote it, without fields that a newer version may add."""
        if plain is None:
            return None
        said = {each.name: plain[each.name] for each in fields(cls)}
        if said["interval"] is not None:
            low, high = said["interval"]
            said["interval"] = (low, high)
        return cls(**said)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the training.

    A check gives message, step, evidence, severity and location; the registry adds the check's
    name, its question, the remedies it names and the families of facts that it reads. The replays
    give status and proof; the proof is None as long as none were made.
    """

    message: str
    at: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    location: Location | None = None
    check: str = ""
    question: str | None = None
    remedies: tuple[str, ...] = ()
    status: Status = "unproven"
    symptoms: tuple["Finding", ...] = ()
    families: tuple[str, ...] = ()
    proof: Proof | None = None

    def plain(self) -> dict[str, Any]:
        """The finding as the JSON schema has it (``docs/json.md``)."""
        return {
            "check": self.check,
            "severity": self.severity,
            "message": self.message,
            "step": self.at,
            "evidence": dict(self.evidence),
            "location": None if self.location is None else asdict(self.location),
            "question": self.question,
            "status": self.status,
            "remedy": list(self.remedies),
            "symptoms": [symptom.plain() for symptom in self.symptoms],
            "families": list(self.families),
            "proof": None if self.proof is None else _listed(asdict(self.proof)),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`plain`."""
        return cls(
            message=plain["message"],
            at=plain["step"],
            evidence=plain["evidence"],
            severity=plain["severity"],
            location=Location.of(plain["location"]),
            check=plain["check"],
            question=plain["question"],
            remedies=tuple(plain["remedy"]),
            status=plain["status"],
            symptoms=tuple(cls.of(symptom) for symptom in plain["symptoms"]),
            families=tuple(plain.get("families", ())),
            proof=Proof.of(plain.get("proof")),
        )


def _listed(plain: dict[str, Any]) -> dict[str, Any]:
    """The fields as JSON has them: a tuple is a list."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()
    }
