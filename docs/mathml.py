"""Formulas as MathML, which browsers show by themselves: MathJax would come from a network."""

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

log = logging.getLogger(__name__)


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """A formula in the text."""
    _write(writer, node, as_block=False)


def block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """A formula in a line of its own."""
    writer.body.append('<div class="math">')
    _write(writer, node, as_block=True)
    writer.body.append("</div>")


def _write(writer: HTML5Translator, node: nodes.Element, *, as_block: bool) -> None:
    try:
        writer.body.append(tex2mathml(node.astext(), as_block=as_block))
    except (MathError, SyntaxError) as error:
        log.warning("cannot be shown as MathML: %s: %s", node.astext(), error, location=node)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
