import copy
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.records import Facts, Finding, Location, Proof, Run, ScriptRecord, plain

SYMPTOM = Finding("the loss is 2.3", at=199, check="loss-not-falling", severity="note")
CAUSE = Finding(
    "zero_grad() is missing",
    at=1,
    evidence={"stale_updates": 30, "largest": math.inf, "names": ["a", "b"]},
    location=Location("train.py", 9, "optimizer.step()"),
    check="stale-gradients",
    question="q08",
    remedies=("zero-gradients",),
    symptoms=(SYMPTOM,),
    status="confirmed",
    proof=Proof(
        remedy="zero-gradients",
        change="gradients zeroed before each step",
        before=0.1,
        after=0.9,
        gain=0.8,
        interval=(0.75, 0.85),
        seeds=3,
        agreeing=3,
        steps=100,
        score="balanced log-likelihood",
        judged_on="validation",
        seconds=3.2,
    ),
)
RUN = Run(
    name="20260301-101500-train",
    created="2026-03-01T10:15:00+00:00",
    script=ScriptRecord("train.py", path="/home/a/train.py", ended="failed", exit=3, steps=200),
    findings=(CAUSE,),
    checked=("stale-gradients", "loss-not-falling"),
    not_checked={"symmetric-units": "not selected"},
    ignored=(SYMPTOM,),
    cost={"seconds": 0.1},
    versions={"torch": "2.13.0"},
    facts=Facts({"loss": {"values": [[0, 2.0], [1, math.inf]]}}, {"units": "not recorded"}),
)
BODY = json.loads(plain.dumps(RUN.plain(facts=True)))


def test_a_recording_is_read_back_whole():
    assert Run.loads(plain.dumps(RUN.plain(facts=True))) == RUN


def test_a_report_without_facts_is_read_as_well():
    assert Run.loads(plain.dumps(RUN.plain())) == replace(RUN, facts=Facts())


def test_bare_records_survive():
    bare = Run("n", "c", ScriptRecord("train.py"), findings=(Finding("m"),))
    assert Run.loads(plain.dumps(bare.plain(facts=True))) == bare


def test_fields_that_a_later_version_added_are_skipped():
    body = copy.deepcopy(BODY) | {"new": 1}
    body["script"]["new"] = body["findings"][0]["new"] = body["facts"]["new"] = 1
    body["findings"][0]["location"]["new"] = body["findings"][0]["proof"]["new"] = 1
    assert Run.loads(json.dumps(body)) == RUN


@pytest.mark.parametrize("text", ["{}", "[]", "3", "null", '"schema"', '{"findings": []}'])
def test_other_json_is_no_recording(text):
    with pytest.raises(ValueError, match="not a recording of unstuck"):
        Run.loads(text)


@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_another_schema_is_refused_by_its_number(schema):
    with pytest.raises(ValueError, match=f"schema {schema}, this version reads schema 1"):
        Run.loads(json.dumps(BODY | {"schema": schema}))


@pytest.mark.parametrize("part", sorted(set(BODY) - {"schema", "facts", "remarks"}))
def test_a_missing_part_is_named(part):
    with pytest.raises(ValueError, match=f"part missing or broken: '{part}'"):
        Run.loads(json.dumps({key: value for key, value in BODY.items() if key != part}))


def test_a_recording_from_before_there_were_remarks_and_limits_is_read():
    body = copy.deepcopy(BODY)
    del body["remarks"]
    for name in ("kind", "raised", "stopped_by", "steps_limit", "seconds_limit"):
        del body["script"][name]
    assert Run.loads(json.dumps(body)) == RUN


def test_a_recording_from_before_there_were_proofs_is_read():
    body = copy.deepcopy(BODY)
    for each in (body["findings"][0], body["findings"][0]["symptoms"][0], body["ignored"][0]):
        del each["proof"]
    body["findings"][0]["status"] = "unproven"
    assert Run.loads(json.dumps(body)) == replace(
        RUN, findings=(replace(CAUSE, status="unproven", proof=None),)
    )


@pytest.mark.parametrize("proof", [Proof(), Proof("no time"), replace(CAUSE.proof, interval=None)])
def test_a_proof_without_numbers_survives(proof):
    made = replace(RUN, findings=(replace(CAUSE, proof=proof),))
    assert Run.loads(plain.dumps(made.plain(facts=True))) == made


def test_a_truncated_recording_is_refused_wherever_it_ends():
    text = plain.dumps(RUN.plain(facts=True))
    for end in range(0, len(text), 7):
        with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
            Run.loads(text[:end])


def places(value, path=()):
    """The path of every part of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


@given(
    st.sampled_from(list(places(BODY))),
    st.sampled_from([None, True, -1, "x", [], ["x"], {}, {"$float": "inf"}, [[1]]]),
)
def test_a_broken_part_is_a_value_error_or_harmless(path, other):
    body = copy.deepcopy(BODY)
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = other
    try:
        Run.loads(json.dumps(body))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - it need not be raised
