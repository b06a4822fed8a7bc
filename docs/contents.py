"""Which page stands under which: the sidebar of the site, and the lists that lead to every page."""

from pathlib import Path

from unstuck.checks import all_checks
from unstuck.commands.pages import grouped
from unstuck.questions import Question, all_questions
from unstuck.remedies import all_remedies

DOCS = Path(__file__).parent
NOTEBOOK = "cnn_and_backpropagation"

Entries = dict[str, str]
"""Pages, by their path without ending, each with its name in the sidebar."""

CHECKS = {f"checks/{name}": name for name in all_checks()}
REMEDIES = {f"remedies/{name}": name for name in all_remedies()}
MEASUREMENTS = {
    "evidence": "What the experiments show",
    "accuracy": "How often the checks are right",
    "proof": "How often the replays are right",
    "fit_measured": "How good the models of fit are",
}
GUIDES = {"fit": "From data to a trained model"}
NOTEBOOKS = {NOTEBOOK: "A CNN and its gradients by hand"}
FORMATS = {"json": "The JSON report"}


def short(question: Question) -> str:
    """Its name in the sidebar."""
    return f"{question.name} {question.slug.replace('-', ' ')}"


def group(title: str) -> str:
    """The page of the checks that look at this."""
    return "groups/" + "-".join(title.lower().replace(",", "").split())


def tree() -> dict[str, dict[str, Entries]]:
    """Of every page that leads to others: these, below their captions."""
    groups = {group(title): names for title, names in grouped().items()}
    questions = {f"questions/{name}": short(each) for name, each in all_questions().items()}
    ground = {"questions": "The 22 questions", "remedies": "The remedies"}
    return {
        "index": {
            "Checks": {group(title): title for title in grouped()},
            "Answers": ground | NOTEBOOKS,
            "Training": GUIDES,
            "Measurements": MEASUREMENTS,
            "Formats": FORMATS,
        },
        **{
            page: {"": {f"checks/{name}": name for name in names}} for page, names in groups.items()
        },
        "questions": {"": questions},
        "remedies": {"": REMEDIES},
    }


def toctrees(page: str) -> str:
    """What Sphinx shall know of a page; kept out of the committed markdown, which people read."""
    return "".join(
        "\n".join(
            [
                "\n\n```{toctree}",
                ":hidden:",
                f":caption: {caption}" if caption else ":titlesonly:",
                "",
                *(f"{title} </{entry}>" for entry, title in entries.items()),
                "```\n",
            ]
        )
        for caption, entries in tree().get(page, {}).items()
    )
