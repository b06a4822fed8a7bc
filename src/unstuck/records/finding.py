"""A finding: what is wrong, where, and by what evidence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, TypedDict

Severity = Literal["error", "warning", "note"]
Status = Literal["unproven"]

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
class Finding:
    """One thing that is wrong with the training.

    A check gives message, step, evidence, severity and location; the registry adds the check's
    name, its question, the remedies it names and the families of facts that it reads.
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
        )
