"""The nouns: facts, findings, runs. Frozen data and its JSON form; no torch."""

from unstuck.records.facts import Facts
from unstuck.records.finding import Finding, Location, Proof, Severity
from unstuck.records.run import Run, ScriptRecord

__all__ = ["Facts", "Finding", "Location", "Proof", "Run", "ScriptRecord", "Severity"]
