"""Write the pages of checks, remedies and questions; with ``--check`` only say which differ."""

import sys
from pathlib import Path

import accuracy_page
import proof_page
from unstuck.checks import all_checks
from unstuck.commands.pages import check_page, first_line, grouped, question_page
from unstuck.questions import all_questions
from unstuck.remedies import all_remedies

DOCS = Path(__file__).parent
FOLDERS = ("checks", "remedies", "questions")


def check(name: str) -> str:
    """What ``unstuck explain`` prints, and what the registry knows beyond it."""
    found = all_checks()[name]
    options = [f"- `{option} = {default!r}`" for option, default in found.options.items()]
    facts = ", ".join(f"`{family}`" for family in sorted(found.needs))
    links = [f"[{remedy}](../remedies/{remedy}.md)" for remedy in found.remedies]
    links += [f"[{found.question}](../questions/{found.question}.md)"] if found.question else []
    lines = ["## Options", *(options or ["None."]), "", "## Facts it needs", facts, ""]
    return "\n".join([check_page(name), "", *lines, f"More: {', '.join(links)}"])


def remedy(name: str) -> str:
    """The advice, the code, and the checks that lead here."""
    found = all_remedies()[name]
    checks = [each for each, check in all_checks().items() if name in check.remedies]
    links = ", ".join(f"[{each}](../checks/{each}.md)" for each in checks)
    code = ["```python", found.code, "```"]
    judged = ["A replay cannot judge it. " + found.judge, ""] if found.judge else []
    return "\n".join([f"# {name}", "", found.advice, "", *code, "", *judged, f"Remedy of {links}"])


def row(name: str) -> str:
    """A check in the table, with the sentence its page begins with."""
    return f"| [{name}](checks/{name}.md) | {first_line(name)} |"


def index() -> str:
    """Every page, by kind."""
    checks = [
        line
        for title, names in grouped().items()
        for line in (
            f"### {title}",
            "",
            "| check | what is wrong |",
            "|---|---|",
            *map(row, names),
            "",
        )
    ]
    remedies = [f"- [{name}](remedies/{name}.md)" for name in all_remedies()]
    questions = [
        f"- [{each.name}](questions/{each.name}.md): {each.title}"
        for each in all_questions().values()
    ]
    parts = ["# unstuck", "", "## Checks", "", *checks, "## Remedies", *remedies]
    parts += ["", "## Questions", *questions, "", "## Formats", "- [The JSON report](json.md)"]
    parts += ["", "## Measurements", "- [How often the checks are right](accuracy.md)"]
    parts += ["- [How often the replays are right](proof.md)"]
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """The text of every generated file."""
    made = {"index.md": index()}
    made |= {f"checks/{name}.md": check(name) for name in all_checks()}
    made |= {f"remedies/{name}.md": remedy(name) for name in all_remedies()}
    for name, each in all_questions().items():
        made[f"questions/{name}.md"] = question_page(each)
    made["accuracy.md"] = accuracy_page.page()
    made["proof.md"] = proof_page.page()
    return {DOCS / name: text.rstrip() + "\n" for name, text in made.items()}


def written() -> dict[Path, str]:
    """The text of every such file that is there, also of what no longer exists."""
    files = [
        DOCS / "index.md",
        DOCS / "accuracy.md",
        DOCS / "proof.md",
        *(file for name in FOLDERS for file in (DOCS / name).glob("*.md")),
    ]
    return {file: file.read_text(encoding="utf-8") for file in files if file.exists()}


def main() -> int:
    """Write what differs, or name it."""
    wanted, there = pages(), written()
    differing = [file for file in {**there, **wanted} if there.get(file) != wanted.get(file)]
    for file in differing:
        print(file.relative_to(DOCS.parent))
        if "--check" not in sys.argv:
            file.parent.mkdir(exist_ok=True)
            file.write_text(wanted[file], encoding="utf-8") if file in wanted else file.unlink()
    if differing and "--check" in sys.argv:
        print("these pages differ from the source: run python docs/generate.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
