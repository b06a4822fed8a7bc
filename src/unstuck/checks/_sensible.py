"""Which of a check's remedies make sense for the network that was seen."""

from collections.abc import Sequence

from unstuck.records import Facts


def sensible(remedies: Sequence[str], facts: Facts) -> tuple[str, ...]:
    """The remedies without those that name what the network has, or build on what it has not.

    Whoever convolves need not begin to, and nothing is pooled over positions where none are kept.
    """
    nodes = facts.layers["nodes"] if facts.layers else ()
    if not nodes:
        return tuple(remedies)
    convolves = any(node["kernel"] for node in nodes)
    senseless = "use-convolution" if convolves else "global-pooling"
    return tuple(name for name in remedies if name != senseless)
