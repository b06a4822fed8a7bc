"""Write the pages and pictures of the documentation; with ``--check`` only say which differ."""

import sys
from pathlib import Path

import accuracy_page
import evidence_page
import fit_page
import proof_page
from contents import DOCS, FORMATS, GUIDES, MEASUREMENTS, NOTEBOOKS, group, short
from links import linked, relative
from unstuck.charts import svg_file
from unstuck.checks import all_checks
from unstuck.commands.pages import check_page, first_line, grouped, question_page
from unstuck.questions import Question, all_questions
from unstuck.remedies import all_remedies

FOLDERS = ("checks", "groups", "remedies", "questions", "pictures")

INTRODUCTION = """\
# unstuck

**Why does this PyTorch training not learn?** unstuck runs your own training script, unchanged, and
says what is wrong, at which line, and what to write instead. It proves each answer by replaying your
run with one thing changed, and explains the ground beneath with experiments anyone can run.

```
unstuck check train.py       watch the first steps, prove what is wrong, report, stop
unstuck run train.py         watch the whole run: same output, exit code and weights
unstuck explain dead-units   a page of this documentation
unstuck explain q03 --prove  run the experiment of a question
unstuck fit houses.csv       from data to a trained model, with the reason of every choice
```
"""


def check(name: str) -> str:
    """What ``unstuck explain`` prints, and what the registry knows beyond it."""
    found = all_checks()[name]
    options = [f"- `{option} = {default!r}`" for option, default in found.options.items()]
    facts = ", ".join(f"`{family}`" for family in sorted(found.needs))
    lines = ["## Options", *(options or ["None."]), "", "## Facts it needs", facts]
    return "\n".join([check_page(name), "", *lines])


def remedy(name: str) -> str:
    """The advice, the code, and the checks and questions that lead here."""
    found = all_remedies()[name]
    leading = {each: check for each, check in all_checks().items() if name in check.remedies}
    questions = sorted({each.question for each in leading.values() if each.question})
    code = ["```python", found.code, "```"]
    judged = ["A replay cannot judge it. " + found.judge, ""] if found.judge else []
    checks = f"Remedy of {', '.join(f'`{each}`' for each in leading)}."
    lines = [f"# {name}", "", found.advice, "", *code, "", *judged, checks, ""]
    return "\n".join([*lines, *(_asked(each, f"remedies/{name}") for each in questions)])


def question(each: Question) -> str:
    """What ``unstuck explain`` prints, the picture of its proof, and how to make it again."""
    before, watch, after = question_page(each).partition("\n## Watch for it\n")
    commands = [
        "## Run it yourself",
        "```",
        f"unstuck explain {each.name} --prove         the experiment, here and now",
        f"unstuck explain {each.name} --on train.py   what your own run says of it",
        "```",
    ]
    return "\n".join([before.rstrip(), "", *_shown(each), *commands, watch + after])


def _shown(each: Question) -> list[str]:
    if each.evidence is None:
        return []
    caption = " ".join(each.caption.split())
    picture = f"![{caption}](../pictures/{each.name}.svg)"
    return [picture, "", f"[All predictions in a table](../evidence.md#{each.name})", ""]


def _asked(name: str, page: str) -> str:
    return f"- [{name}: {all_questions()[name].title}]({relative(f'questions/{name}', page)})"


def index() -> str:
    """What there is, and the way to it."""
    checks = [
        f"| [{title}]({group(title)}.md) | {', '.join(f'`{name}`' for name in names)} |"
        for title, names in grouped().items()
    ]
    parts = [INTRODUCTION, "## Checks", "| they look at | checks |", "|---|---|", *checks]
    parts += ["", "## Questions", *(_asked(name, "index") for name in all_questions()), ""]
    parts += ["## Remedies", "[All remedies](remedies.md), with what they say.", ""]
    lists = {
        "Training": _links(GUIDES),
        "Notebook": _links(NOTEBOOKS, ".ipynb"),
        "Measurements": _links(MEASUREMENTS),
        "Formats": _links(FORMATS),
    }
    for title, links in lists.items():
        parts += [f"## {title}", *links, ""] if links else []
    return "\n".join(parts)


def _links(entries: dict[str, str], ending: str = ".md") -> list[str]:
    return [f"- [{title}]({path}{ending})" for path, title in entries.items()]


def checks_of(title: str, names: list[str]) -> str:
    """The checks that look at one thing, with the sentence each page begins with."""
    rows = [f"| {name} | {first_line(name)} |" for name in names]
    return "\n".join([f"# {title}", "", "| check | what is wrong |", "|---|---|", *rows])


def questions() -> str:
    """All questions, and how their predictions came out."""
    rows = [
        f"| [{short(each)}](questions/{name}.md) | {each.title} "
        f"| {each.evidence.counted() if each.evidence else 'not recorded'} |"
        for name, each in all_questions().items()
    ]
    return "\n".join(
        ["# The 22 questions", "", "| | question | predictions |", "|---|---|---|", *rows]
    )


def remedies() -> str:
    """All remedies, with what they say."""
    rows = [f"| {name} | {each.advice} |" for name, each in all_remedies().items()]
    return "\n".join(["# The remedies", "", "| remedy | advice |", "|---|---|", *rows])


def markdown() -> dict[str, str]:
    """Every generated page, by its path without ending, before its names are links."""
    made = {"index": index(), "questions": questions(), "remedies": remedies()}
    made |= {group(title): checks_of(title, names) for title, names in grouped().items()}
    made |= {f"checks/{name}": check(name) for name in all_checks()}
    made |= {f"remedies/{name}": remedy(name) for name in all_remedies()}
    made |= {f"questions/{name}": question(each) for name, each in all_questions().items()}
    made |= {"accuracy": accuracy_page.page(), "proof": proof_page.page()}
    return made | {"evidence": evidence_page.page(), "fit_measured": fit_page.page()}


def pictures() -> dict[str, str]:
    """The picture of every proof, by its question."""
    proofs = {name: (each, each.evidence) for name, each in all_questions().items()}
    return {name: svg_file(each.picture(proof)) for name, (each, proof) in proofs.items() if proof}


def pages() -> dict[Path, str]:
    """The text of every generated file."""
    made = {f"{page}.md": linked(text, page) for page, text in markdown().items()}
    made |= {f"pictures/{name}.svg": text for name, text in pictures().items()}
    return {DOCS / name: text.rstrip() + "\n" for name, text in made.items()}


def written(wanted: dict[Path, str]) -> dict[Path, str]:
    """The text of every such file that is there, also of what no longer exists."""
    inside = [file for name in FOLDERS for file in (DOCS / name).glob("*.*")]
    return {file: file.read_text(encoding="utf-8") for file in {*wanted, *inside} if file.exists()}


def main() -> int:
    """Write what differs, or name it."""
    wanted = pages()
    there = written(wanted)
    differing = [file for file in {**there, **wanted} if there.get(file) != wanted.get(file)]
    for file in sorted(differing):
        print(file.relative_to(DOCS.parent))
        if "--check" not in sys.argv:
            file.parent.mkdir(exist_ok=True)
            file.write_text(wanted[file], encoding="utf-8") if file in wanted else file.unlink()
    if differing and "--check" in sys.argv:
        print("these pages differ from the source: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
