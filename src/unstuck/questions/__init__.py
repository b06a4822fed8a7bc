"""The 22 questions: one file each, with the corrected answer in its module docstring.

The first docstring line is the question. The rest is markdown with the sections
`Answer`, `Popular claims`, `Watch for it`, `Remedy` and `Sources`.
A new file named `qNN_some_words.py` in this folder is found without being listed anywhere.
"""

import ast
import pkgutil
import re
from dataclasses import dataclass

_FILE_NAME = re.compile(r"(q\d\d)_([a-z0-9_]+)")


@dataclass(frozen=True)
class Question:
    """One question and its answer, as written in the docstring of its file."""

    name: str  # "q03"
    slug: str  # "symmetry-breaking"
    title: str  # the first docstring line
    text: str  # the rest of the docstring, markdown


def all_questions() -> dict[str, Question]:
    """Return every question in this folder by name, in order.

    The files are read and not imported, so this stays fast whatever they import.
    """
    found: dict[str, Question] = {}
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            continue
        name, words = match.groups()
        if name in found:
            raise ValueError(f"two files are named {name}")
        found[name] = Question(name, words.replace("_", "-"), *_docstring(file.name))
    return found


def _docstring(module: str) -> tuple[str, str]:
    """Return the first docstring line of a file in this folder, and the rest."""
    source = pkgutil.get_data(__name__, f"{module}.py")
    docstring = ast.get_docstring(ast.parse(source)) if source is not None else None
    if not docstring:
        raise ValueError(f"{module}.py has no docstring")
    title, _, text = docstring.partition("\n")
    return title.strip(), text.strip()
