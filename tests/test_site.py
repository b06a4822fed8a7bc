"""The site, built once: nothing is missing, no link is broken, nothing is loaded from elsewhere."""

import importlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from unstuck.checks import all_checks
from unstuck.questions import all_questions
from unstuck.remedies import all_remedies

DOCS = Path(__file__).parent.parent / "docs"

for name in ("sphinx", "furo", "myst_nb"):
    pytest.importorskip(name, reason="pip install '.[docs]'")

LOADING = {
    "script",
    "img",
    "source",
    "iframe",
    "audio",
    "video",
    "embed",
    "object",
    "link",
    "image",
}
CREDITS = {"www.sphinx-doc.org", "pradyunsg.me", "github.com"}
"""Whom the theme names at the foot of each page, as links that a person may follow."""


class Page(HTMLParser):
    """The anchors of a page, and where it points to."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        targets = [found[key] for key in ("href", "src", "data", "poster") if found.get(key)]
        self.links += targets
        self.loaded += targets if tag in LOADING else []


def pages(folder):
    return {file: Page(file.read_text(encoding="utf-8")) for file in folder.rglob("*.html")}


def hosts(targets):
    return {urlsplit(target).netloc for target in targets} - {""}


def broken(folder):
    """Every link within the folder whose file or anchor is not there."""
    found = pages(folder)
    wrong = []
    for file, page in found.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchors = found[target].ids if target in found else set()
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                wrong.append(f"{file.relative_to(folder)}: {link}")
    return sorted(wrong)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Built as ``make docs`` does, and without a word."""
    folder = tmp_path_factory.mktemp("site").resolve()
    options = ["-W", "--keep-going", "-q", "-b", "html", "-d", folder / "doctrees"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, DOCS, folder / "html"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "html"


def test_every_check_remedy_and_question_has_a_page(site):
    for folder, names in {
        "checks": all_checks(),
        "remedies": all_remedies(),
        "questions": all_questions(),
    }.items():
        assert {file.stem for file in (site / folder).glob("*.html")} == set(names)


def test_no_link_is_broken(site):
    assert broken(site) == []


def test_a_broken_link_would_be_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a> <a href="#here">')
    (tmp_path / "b.html").write_text('<img src="c.svg"> <a href="a.html#here"> <a href="a.html">')
    assert broken(tmp_path) == ["a.html: b.html#there", "b.html: c.svg"]


def test_nothing_is_loaded_from_another_host(site):
    for file, page in pages(site).items():
        assert hosts(page.loaded) == set(), file
        assert hosts(page.links) <= CREDITS, file
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text()), sheet
    for drawing in (site / "_images").glob("*.svg"):
        assert "href" not in drawing.read_text().replace("xmlns:xlink", ""), drawing


def test_no_script_knows_another_host_to_ask(site):
    for script in site.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        asked = re.findall(r"""(?:fetch|import|open)\(\s*["'`](?:https?:)?//""", text)
        assert asked == [], script


def test_learning_rate_is_found_by_the_search(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    learning, rate = (names_of(word, index) for word in ("learn", "rate"))
    assert {"questions/q01", "checks/learning-rate-too-high"} <= learning & rate
    assert len(learning & rate) < len(index["docnames"]) / 2


def names_of(word, index):
    """The pages that have a word in their text or title; one page is a number, several are a list."""
    found = [index[terms].get(word, []) for terms in ("terms", "titleterms")]
    numbers = [n for each in found for n in ([each] if isinstance(each, int) else each)]
    return {index["docnames"][number] for number in numbers}


def test_checks_remedies_and_questions_lead_to_each_other(site):
    found = pages(site)
    for name, check in all_checks().items():
        here = site / "checks" / f"{name}.html"
        others = [site / "remedies" / f"{remedy}.html" for remedy in check.remedies]
        others += [site / "questions" / f"{check.question}.html"] if check.question else []
        for other in others:
            for file, target in ((here, other), (other, here)):
                links = {
                    (file.parent / link.partition("#")[0]).resolve() for link in found[file].links
                }
                assert target in links, f"{file.stem} does not lead to {target.stem}"


def test_every_proof_has_its_picture(site):
    proven = {name for name, each in all_questions().items() if each.evidence}
    assert {file.stem for file in (DOCS / "pictures").glob("*.svg")} == proven
    for name in proven:
        assert f"../_images/{name}.svg" in pages(site)[site / "questions" / f"{name}.html"].loaded
        tree = ElementTree.parse(site / "_images" / f"{name}.svg")
        assert tree.getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_no_picture_writes_black_on_a_dark_page():
    for file in (DOCS / "pictures").glob("*.svg"):
        assert not re.search(r'(?:fill|stroke)="(?:black|#000(?:000)?)"', file.read_text()), file


def test_the_notebook_is_shown_and_led_to(site):
    notebook = site / "cnn_and_backpropagation.html"
    assert notebook.exists()
    assert notebook.name in (site / "index.html").read_text(encoding="utf-8")


# The parts of which pages are made.


@pytest.fixture(scope="module")
def docs():
    """Imports a file of the documentation."""
    sys.path.insert(0, str(DOCS))
    yield importlib.import_module
    sys.path.remove(str(DOCS))


def test_names_become_links_but_not_in_code_nor_on_their_own_page(docs):
    linked = docs("links").linked
    text = (
        "`dead-units` and `loss`, see question 3.\n```python\n`dead-units`\n```\n| shuffle | 1 |\n"
    )
    assert linked(text, "checks/overfitting") == (
        "[`dead-units`](../checks/dead-units.md) and `loss`, "
        "see [question 3](../questions/q03.md).\n```python\n`dead-units`\n```\n"
        "| [shuffle](../remedies/shuffle.md) | 1 |\n"
    )
    assert linked("`dead-units`", "checks/dead-units") == "`dead-units`"


def test_the_table_of_evidence_counts_same_verdicts(docs, monkeypatch):
    page = docs("evidence_page")
    proof = all_questions()["q03"].evidence
    verdicts = {each.number: [each.verdict] * 4 + ["refuted"] for each in proof.results}
    again = {"repetitions": 5, "agree": 4, "verdicts": verdicts}
    monkeypatch.setattr(page, "results", lambda name: {"q03": again} if name == "questions" else {})
    text = page.page()
    row = f"| [q03 symmetry breaking](#q03) | 9 supported | 5 | {proof.seconds:.0f} | 4 of 5 |"
    assert row in text
    assert text.count("| supported | 4 of 5 |") == 9


def test_the_page_of_fit_names_who_is_ahead(docs, monkeypatch):
    page = docs("fit_page")
    rows = [{"task": "wine", "seed": 0, "contender": "unstuck", "score": 0.9, "seconds": 9.4}]
    found = {
        "scores": {"wine": {"unstuck": 0.9, "skorch": 0.95}},
        "mean rank": {"unstuck": 2.0, "skorch": 1.0},
        "ahead of unstuck": {"wine": {"skorch": {"by": 0.05, "error": 0.01}}},
        "rows": rows,
        "versions": {"torch": "2"},
    }
    monkeypatch.setattr(page, "results", lambda name: found if name == "fit" else {})
    text = page.page()
    assert "| wine | accuracy | 0.900 | **0.950** | 1 | 9 |" in text
    assert "skorch 1.00, unstuck 2.00" in text
    assert "- wine: skorch, by 0.050 ± 0.010" in text
    found["ahead of unstuck"]["wine"]["skorch"]["error"] = 0.06
    assert "None is ahead" in page.page()


def test_formulas_become_mathml(docs, tmp_path):
    (tmp_path / "conf.py").write_text(
        f"import sys; sys.path.insert(0, {str(DOCS)!r})\n"
        "extensions = ['myst_parser', 'mathml']\n"
        "html_math_renderer = 'mathml'\n"
        "myst_enable_extensions = ['dollarmath']\n"
    )
    page = "# Sums\n\nInline $x_i$.\n\n$$\n\\sum_i \\frac{1}{x_i}\n$$\n"
    (tmp_path / "index.md").write_text(page)
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", tmp_path, tmp_path / "o"]
    subprocess.run(command, check=True, capture_output=True)
    html = (tmp_path / "o" / "index.html").read_text()
    assert html.count("<math") == 2
    assert "<mfrac>" in html
    assert hosts(Page(html).loaded) == set()  # MathJax, the default, would come from one
    (tmp_path / "index.md").write_text(page.replace("frac", "frcc"))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot be shown as MathML" in done.stderr
