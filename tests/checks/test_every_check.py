"""What holds for every check; a new check joins without an edit."""

import ast
import copy
import inspect
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from unstuck.checks import NotChecked, all_checks
from unstuck.questions import all_questions
from unstuck.records import Facts, Finding, plain
from unstuck.remedies import all_remedies
from unstuck.trials.changes import all_changes

from . import random_facts, sample

HEADINGS = ["What it does", "Why is this bad?", "Example", "Threshold", "When it is wrong"]
EXAMPLE = re.compile(r"```python\n(.*?)```\nUse instead:\n```python\n(.*?)```", re.DOTALL)
CHECKS = all_checks()
FAMILIES = random_facts.families()
COMMAND = [sys.executable, "-m", "unstuck", "check"]

every_check = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)


def page(check):
    return inspect.cleandoc(check.page)


def sections(check):
    """The text under each heading."""
    parts = re.split(r"^## (.*)$", page(check), flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def snippets(check):
    """The faulty and the repaired script of the example."""
    return EXAMPLE.fullmatch(sections(check)["Example"]).groups()


def outcome(check, facts):
    try:
        return check(facts)
    except NotChecked as unclear:
        return str(unclear) or pytest.fail("not checked without a reason")


@every_check
def test_the_page_has_its_sections_in_order(check):
    assert re.findall(r"^## (.*)$", page(check), flags=re.MULTILINE) == HEADINGS
    assert all(sections(check).values())


@every_check
def test_the_page_begins_with_one_sentence(check):
    title, blank, *_ = page(check).splitlines()
    assert re.fullmatch(r"[A-Z][^.]*\.", title)
    assert blank == ""


@every_check
def test_the_example_is_two_scripts_that_differ_little(check):
    faulty, repaired = (snippet.splitlines() for snippet in snippets(check))
    assert 0 < len(set(faulty) ^ set(repaired)) <= 6


@every_check
def test_every_option_has_a_default_and_is_explained(check):
    parameters = list(inspect.signature(check.find).parameters.values())[1:]
    assert all(each.kind is each.KEYWORD_ONLY for each in parameters)
    assert all(each.default is not each.empty for each in parameters)
    for option in check.options:
        assert f"`{option}`" in page(check)


@every_check
def test_what_it_names_exists(check):
    assert check.needs
    assert check.needs <= set(FAMILIES)
    assert set(check.remedies) <= set(all_remedies())
    assert set(check.experiments) <= set(all_changes())
    assert check.explains <= set(CHECKS) - {check.name}
    assert check.question is None or check.question in all_questions()


def test_no_check_explains_itself_through_others():
    def behind(name, path=()):
        assert name not in path, f"a circle: {path}"
        for symptom in CHECKS[name].explains:
            behind(symptom, (*path, name))

    for name in CHECKS:
        behind(name)


@every_check
@settings(max_examples=10)
@given(st.data())
def test_without_its_facts_it_says_nothing(check, data):
    missing = data.draw(st.sampled_from(sorted(check.needs)))
    others = set(FAMILIES) - {missing}
    assert check(data.draw(random_facts.facts((), maybe=others))) is None


# Fifty checks with 25 draws each are more than a thousand, of all families together.
@every_check
@settings(max_examples=25)
@given(st.data())
def test_any_facts_give_one_answer_that_survives_json(check, data):
    facts = data.draw(random_facts.facts(check.needs, maybe=FAMILIES))
    before = copy.deepcopy(facts)
    found = outcome(check, facts)
    assert repr(facts) == repr(before)  # repr, because NaN does not equal itself
    assert repr(outcome(check, facts)) == repr(found)
    for finding in found if isinstance(found, list) else ():
        assert_complete(check, finding)
        assert_survives_json(finding)


def assert_complete(check, finding):
    assert (finding.check, finding.question) == (check.name, check.question)
    assert finding.remedies
    assert set(finding.remedies) <= set(all_remedies())
    assert finding.message
    assert finding.at is None or isinstance(finding.at, int)


def assert_survives_json(finding):
    text = plain.dumps(finding.plain())
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert plain.dumps(Finding.of(plain.loads(text)).plain()) == text


def test_random_facts_reach_the_findings_of_many_checks():
    """So the property above is not about silence."""
    reached = (name for name, check in CHECKS.items() if speaks_of_random_facts(check))
    many = len(CHECKS) // 4
    assert len(list(islice(reached, many))) == many


def speaks_of_random_facts(check):
    # Twice the draws of the property: a third of the checks speak within them.
    how = settings(phases=[Phase.generate], max_examples=50, derandomize=True, database=None)
    try:
        find(
            random_facts.facts(check.needs),
            lambda facts: any(isinstance(each, Finding) for each in outcome(check, facts)),
            settings=how,
        )
    except NoSuchExample:
        return False
    return True


def test_the_samples_have_the_shape_of_the_families():
    made = {
        "loss": [sample.loss([1.0])],
        "loss_calls": sample.loss_call(),
        "graph": sample.graph(),
        "optimizers": sample.optimizer(),
        "parameters": sample.parameter("model.weight"),
        "units": sample.layer(),
        "layers": sample.layers(),
        "gradients": sample.gradients(),
        "activations": sample.activation(),
        "clipping": sample.clip_line(),
        "modes": sample.mode(),
        "validation": sample.validation(),
        "schedulers": sample.scheduler(),
        "accumulation": sample.accumulation(),
        "kept_graphs": sample.kept_graphs(),
        "ending": sample.ending(),
        "filters": sample.filters(),
        "targets": sample.target(),
        "predictions": sample.prediction(),
        "data": [sample.data()],
        "inputs": [sample.inputs()],
        "memory": [sample.memory([], [])],
        "trials": sample.trials(sample.arm()),
    }
    for name, one in made.items():
        shape = FAMILIES[name]
        wanted = shape.__args__[0] if hasattr(shape, "__args__") else shape
        keys = set(one[0] if isinstance(one, list) else one)
        assert wanted.__required_keys__ <= keys <= set(wanted.__annotations__)
    assert isinstance(sample.facts(**made), Facts)


@every_check
def test_the_example_fires_and_its_repair_does_not(check, tmp_path):
    """Both run as real scripts, at the same time, under ``unstuck check``; in turn where time decides."""
    replayed = "trials" in check.needs
    how = ["--select", check.name, "--budget", "20"] if replayed else ["--no-prove"]
    with ThreadPoolExecutor(1 if replayed else 2) as pool:
        faulty, repaired = pool.map(
            lambda named: report(tmp_path / named[0], named[1], how),
            zip(("faulty", "repaired"), snippets(check), strict=True),
        )
    assert check.name in named(faulty)
    # Said first, or under the cause that is said first: the loss is NaN because of the rate.
    assert check.name in named({"findings": faulty["findings"][:1]})
    assert check.name not in named(repaired)
    assert check.name in repaired["checked"]


def report(folder, script, how):
    folder.mkdir()
    (folder / "train.py").write_text(script)
    done = subprocess.run(
        [*COMMAND, *how, "--quiet", "--json", "report.json", "train.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads((folder / "report.json").read_text())


def named(report):
    """The checks that found something, causes and symptoms."""
    causes = report["findings"]
    return {each["check"] for cause in causes for each in (cause, *cause["symptoms"])}


def test_the_snippets_are_python():
    for check in CHECKS.values():
        for snippet in snippets(check):
            ast.parse(snippet)
