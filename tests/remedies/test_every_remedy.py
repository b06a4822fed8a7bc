"""What holds for every remedy; a new remedy joins without an edit."""

import ast
import re

import pytest

from unstuck.checks import all_checks
from unstuck.remedies import Remedy, all_remedies

every_remedy = pytest.mark.parametrize("remedy", all_remedies().values(), ids=all_remedies())


@every_remedy
def test_it_is_advice_and_code(remedy):
    assert isinstance(remedy, Remedy)
    assert remedy.advice.endswith(".")


@every_remedy
def test_the_advice_is_at_most_two_sentences(remedy):
    assert len(re.findall(r"\.(?= [A-Z]|$)", remedy.advice)) <= 2


@every_remedy
def test_the_code_is_a_few_lines_of_python(remedy):
    ast.parse(remedy.code)
    lines = remedy.code.splitlines()
    assert 1 <= len(lines) <= 6
    assert all(0 < len(line) <= 88 for line in lines)


def test_every_remedy_is_named_by_a_check():
    named = {name for check in all_checks().values() for name in check.remedies}
    assert named == set(all_remedies())
