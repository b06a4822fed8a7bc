"""A run: the script, what was found, what was checked, and the facts behind it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from unstuck.records import plain
from unstuck.records.facts import Facts
from unstuck.records.finding import Finding

SCHEMA = 1


@dataclass(frozen=True)
class ScriptRecord:
    """The script and how its training went, in the words of question 8.

    ``exit`` is the script's own exit code, None when it was still running (or was killed) at the
    last word heard of it. ``ended``: ``finished``, ``failed``, ``interrupted``, ``stopped`` (by check)
    and ``running``; ``stopped_by`` says at which limit, ``steps`` or ``seconds``, and the limits stand
    beside it. ``kind`` is ``script``, or ``block`` in a notebook; ``raised`` names the exception that
    ended it. ``accumulation`` counts backward passes per update.
    """

    command: str
    path: str = ""
    ended: str = "running"
    exit: int | None = None
    steps: int = 0
    seconds: float = 0.0
    batch: int | None = None
    samples: int | None = None
    updates_per_epoch: float | None = None
    accumulation: float | None = None
    training: str = ""
    kind: str = "script"
    raised: str | None = None
    stopped_by: str | None = None
    steps_limit: int | None = None
    seconds_limit: float | None = None

    @property
    def effective_batch(self) -> float | None:
        """Examples behind one update: the batch times the backward passes for each update."""
        if self.batch is None or self.accumulation is None:
            return None
        return self.batch * self.accumulation

    def plain(self) -> dict[str, Any]:
        """The record as the JSON schema has it (``docs/json.md``)."""
        return asdict(self) | {"effective_batch": self.effective_batch}


@dataclass(frozen=True)
class Run:
    """Everything a report is made from."""

    name: str
    created: str
    script: ScriptRecord
    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def plain(self, *, facts: bool = False) -> dict[str, Any]:
        """The run as the JSON schema has it; with the facts for a recording."""
        body: dict[str, Any] = {
            "schema": SCHEMA,
            "name": self.name,
            "created": self.created,
            "versions": dict(self.versions),
            "script": self.script.plain(),
            "findings": [finding.plain() for finding in self.findings],
            "checked": list(self.checked),
            "not_checked": dict(self.not_checked),
            "ignored": [finding.plain() for finding in self.ignored],
            "remarks": list(self.remarks),
            "cost": dict(self.cost),
        }
        if facts:
            body["facts"] = {
                "families": dict(self.facts.families),
                "missing": dict(self.facts.missing),
            }
        return body

    @classmethod
    def loads(cls, text: str | bytes) -> Self:
        """A recording read back.

        Raises:
            ValueError: the text is no recording, or one of another schema.
        """
        body = plain.loads(text)
        if not isinstance(body, dict) or "schema" not in body:
            raise ValueError("not a recording of unstuck")
        if body["schema"] != SCHEMA:
            raise ValueError(f"schema {body['schema']}, this version reads schema {SCHEMA}")
        try:
            return cls(
                name=body["name"],
                created=body["created"],
                script=_script(body["script"]),
                findings=tuple(Finding.of(finding) for finding in body["findings"]),
                checked=tuple(body["checked"]),
                not_checked=body["not_checked"],
                ignored=tuple(Finding.of(finding) for finding in body["ignored"]),
                remarks=tuple(body.get("remarks", ())),
                cost=body["cost"],
                versions=body["versions"],
                facts=_facts(body.get("facts", {})),
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"a recording with a part missing or broken: {error}") from error


def _script(plain: Mapping[str, Any]) -> ScriptRecord:
    """The record, without fields that a newer version of the same schema may have added."""
    known = {each.name for each in fields(ScriptRecord)}
    return ScriptRecord(**{name: value for name, value in plain.items() if name in known})


def _facts(plain: Mapping[str, Any]) -> Facts:
    return Facts(dict(plain.get("families", {})), dict(plain.get("missing", {})))
