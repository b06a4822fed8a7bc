"""The pages that fit words: those that hold most of them, where a rare word weighs more than a common one."""

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import pairwise

from unstuck.checks import all_checks
from unstuck.commands import pages
from unstuck.questions import all_questions, joined
from unstuck.remedies import all_remedies

HEAD, TEXT = 3, 1
"""What a word counts for that stands in the name or the first sentence, or in the rest of a page."""

LEAST = 1 / 3
"""The part of the words, weighed by their rarity, that a page must hold to fit them."""

ALIKE = 0.8
"""From here on (``difflib``) a word that stands nowhere is taken for a slip of the finger."""

WHOLE = 3
"""Words up to this length must stand whole: ``go`` is not the beginning of ``good``."""

SMALL = frozenset(
    "a an and are as at be been between but by can do does during for from has have how i in is it "
    "its me my of on or our should so than that the their them there this to versus vs was what "
    "when which while why with you your ca wo s".split()
)
"""Words that say nothing of what is looked for; ``ca`` and ``wo`` are left of can't and won't."""

_CODE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_ENDING = re.compile(r"(?<=..)(?:(?:at)?(?:ing|ed|es|ional|ions?|e)|(?<![aius])s)$")


@dataclass(frozen=True)
class _Page:
    """Stems between blanks, so that a blank and a stem find the beginning of a word."""

    head: str
    text: str

    def holds(self, term: str) -> int:
        if term in self.head:
            return HEAD
        return TEXT if term in self.text else 0


def near(words: str) -> list[str]:
    """The pages that fit the words, the best first; of equally good ones remedies last, then short heads."""
    stems = [_known(word) for word in _words(words)]
    # Two words weigh by themselves, and once more where one follows the other.
    singles, pairs = [_term(each) for each in stems], [_term(*both) for both in pairwise(stems)]
    weights = {term: _rarity(term) for term in (*singles, *pairs)}
    ranked = []
    for name, page in _pages().items():
        worth = {term: page.holds(term) for term in weights}
        held = sum(weights[term] for term in singles if worth[term])
        share = held / sum(weights[term] for term in singles) if held else 0.0
        if share >= LEAST:
            score = share * sum(weights[term] * worth[term] for term in weights)
            ranked.append((-score, name in all_remedies(), len(page.head), name))
    return [name for *_, name in sorted(ranked)]


def alike(words: str) -> list[str]:
    """Names that look like these words."""
    slugs = {each.slug: name for name, each in all_questions().items()}
    looking = get_close_matches(joined(words), [*all_checks(), *all_remedies(), *slugs])
    return [slugs.get(each, each) for each in looking]


def _rarity(term: str) -> float:
    """The weight of a word or of two; one that stands nowhere weighs as if it stood on one page."""
    count = sum(page.holds(term) > 0 for page in _pages().values())
    return math.log((len(_pages()) + 1) / max(1, count))


def _term(*stems: str) -> str:
    """What is looked for: a longer word may go on, as `norm` does in `normalisation`."""
    return " " + " ".join(stems) + " " * (len(stems[-1]) <= WHOLE)


def _known(word: str) -> str:
    """The stem of a word, or of the one most like it on any page if it stands on none."""
    term = _term(_stem(word))
    if len(word) > WHOLE and not any(page.holds(term) for page in _pages().values()):
        word = (get_close_matches(word, _vocabulary(), 1, ALIKE) or [word])[0]
    return _stem(word)


@cache
def _pages() -> dict[str, _Page]:
    return {name: _Page(*map(_spaced, both)) for name, both in _texts().items()}


@cache
def _vocabulary() -> list[str]:
    return sorted({word for both in _texts().values() for text in both for word in _words(text)})


@cache
def _texts() -> dict[str, tuple[str, str]]:
    """Head and rest of every page, without the code of examples, which is much the same on all."""
    texts = {
        name: (f"{name} {each.slug} {each.title}", each.text)
        for name, each in all_questions().items()
    }
    texts |= {
        name: (f"{name} {pages.first_line(name)}", _CODE.sub("", each.page))
        for name, each in all_checks().items()
    }
    return texts | {
        name: (name, f"{each.advice} {each.code}") for name, each in all_remedies().items()
    }


def _spaced(text: str) -> str:
    return f" {' '.join(map(_stem, _words(text)))} "


def _words(text: str) -> list[str]:
    written_out = re.sub("n['’]t\\b", " not", text.lower())
    return [word for word in re.findall(r"[a-z0-9]+", written_out) if word not in SMALL]


@cache
def _stem(word: str) -> str:
    """Without its ending and in one spelling: the same for normalising and normalization."""
    american = re.sub(r"is(?=(?:ation|e|ed|er|es|ing)s?$)", "iz", word.replace("our", "or"))
    return re.sub(r"(.)\1$", r"\1", _ENDING.sub("", american))
