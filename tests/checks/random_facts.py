"""Strategies for facts, derived from the shapes that the families declare; no list to edit."""

import ast
import importlib
import pkgutil
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_args, get_origin, is_typeddict

from hypothesis import strategies as st

from unstuck import checks, records
from unstuck.records import Facts


def families() -> dict[str, Any]:
    """Every module of ``records`` that defines the shape it is named after."""
    found = {}
    for module in pkgutil.iter_modules(records.__path__):
        loaded = importlib.import_module(f"unstuck.records.{module.name}")
        shape = getattr(loaded, "".join(word.title() for word in module.name.split("_")), None)
        if is_typeddict(shape) or get_origin(shape) is list:
            found[module.name] = shape
    return found


def words() -> list[str]:
    """The short strings that the checks compare with: names of nodes, of loss functions, ..."""
    trees = [ast.parse(file.read_text()) for file in Path(checks.__path__[0]).glob("[!_]*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    keys = {node.slice for node in nodes if isinstance(node, ast.Subscript)}
    constants = {node for node in nodes if isinstance(node, ast.Constant)} - keys
    texts = {node.value for node in constants if isinstance(node.value, str)}
    return sorted(text for text in texts if text.isidentifier())


STEPS = st.integers(0, 1000)
PLATEAU = st.integers(60, 90).map(lambda steps: [[step, 2.3 + step % 2] for step in range(steps)])


def _list(kind: Any) -> st.SearchStrategy[Any]:
    (part,) = get_args(kind)
    if part == list[float]:  # a series of [step, value]
        return st.lists(st.tuples(STEPS, st.floats()).map(list), max_size=12) | PLATEAU
    return st.lists(st.from_type(part), max_size=4)


st.register_type_strategy(list, _list)
st.register_type_strategy(int, STEPS)
st.register_type_strategy(float, st.sampled_from([0.0, 1.0]) | st.floats())
st.register_type_strategy(object, STEPS)  # of measurements, which no check reads
st.register_type_strategy(str, st.sampled_from([*words(), "", "a b", "\n"]))


def facts(having: Collection[str], maybe: Collection[str] = ()) -> st.SearchStrategy[Facts]:
    """Any facts of these families whose shape is right."""
    shapes = {name: st.from_type(shape) for name, shape in families().items()}
    needed = {name: shapes[name] for name in sorted(having)}
    optional = {name: shapes[name] for name in sorted({*maybe} - {*having})}
    return st.fixed_dictionaries(needed, optional=optional).map(Facts)
