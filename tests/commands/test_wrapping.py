"""Markdown is wrapped so that it says the same."""

import pytest

from unstuck.checks import all_checks
from unstuck.commands import pages
from unstuck.commands.explanation import _rendered
from unstuck.commands.wrapping import wrapped
from unstuck.questions import all_questions
from unstuck.remedies import all_remedies


def test_sentences_and_items_are_wrapped_and_nothing_else():
    text = (
        "# A heading longer than that\ntwo\nwords\n\n- an item that\n  goes on\n- b\n"
        "```\na long line of code\n```\nend"
    )
    assert wrapped(text, 12) == (
        "# A heading longer than that\ntwo words\n\n- an item\n  that goes\n  on\n- b\n"
        "```\na long line of code\n```\nend"
    )


def test_a_minus_does_not_become_an_item():
    assert wrapped("a long word - b", 11) == "a long\nword - b"


@pytest.mark.parametrize("width", [40, 80, 100])
def test_every_page_says_the_same_as_before(width):
    for name in (*all_checks(), *all_remedies(), *all_questions()):
        text = pages.page(name)
        assert _rendered(wrapped(text, width)).split() == _rendered(text).split(), name


def test_the_list_of_names_says_the_same_as_before():
    assert _rendered(wrapped(pages.index(), 60)).split() == _rendered(pages.index()).split()
