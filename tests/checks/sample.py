"""Facts as the observer records them, built by hand: a healthy run, with what a test changes."""

from typing import Any

from unstuck.records import Facts
from unstuck.records.failure import Failure
from unstuck.records.finding import Place
from unstuck.records.graph import Graph
from unstuck.records.loss import Loss
from unstuck.records.loss_calls import Input, LossCall, Operation
from unstuck.records.optimizers import Optimizer
from unstuck.records.parameters import Parameter
from unstuck.records.series import finite
from unstuck.records.units import Layer, Look


def facts(**families: Any) -> Facts:
    return Facts(families)


def place(line: int = 7, code: str = "loss = criterion(model(x), y)") -> Place:
    return {"file": "train.py", "line": line, "code": code}


def series(values: list[float]) -> list[list[float]]:
    return [[step, value] for step, value in enumerate(values)]


def loss(values: list[float], **changes: Any) -> Loss:
    pairs = series(values)
    broken = sorted({step for step, _ in pairs} - {step for step, _ in finite(pairs)})
    made: Any = {
        "values": pairs,
        "source": "loss function",
        "place": place(),
        "nonfinite_steps": broken[:5],
        "nonfinite_count": len(broken),
        "nonfinite_kind": "inf" if any(abs(value) == float("inf") for value in values) else "nan",
        "recovered": bool(values) and len(values) - 1 not in broken,
    }
    return made | changes


def failure(**changes: Any) -> Failure:
    made: Any = {
        "began": "",
        "step": 0,
        "origin": None,
        "broken": [],
        "broken_count": 0,
        "sound": [],
        "suspects": [],
        "gradient_norms": series([1.0] * 20),
        "weight_norms": series([2.0] * 20),
    }
    return made | changes


def loss_call(function: str = "cross_entropy", **changes: Any) -> LossCall:
    made: Any = {
        "function": function,
        "place": place(),
        "training": True,
        "calls": 200,
        "first_step": 0,
        "values": series([2.3 * 0.98**step for step in range(200)]),
        "input_shape": [32, 10],
        "target_shape": [32],
        "broadcast_calls": 0,
        "broadcast_input": [],
        "broadcast_target": [],
        "broadcast_result": [],
        "chain": ["AddmmBackward0", "ReluBackward0", "AddmmBackward0"],
        "opaque": False,
        "operation": None,
        "input": seen(),
        "constant": {"loss": 2.3, "what": "ln 10", "targets": 6400},
        "moving_targets": False,
    }
    return made | changes


def seen(**changes: Any) -> Input:
    made: Any = {
        "samples": 10,
        "minimum": -3.1,
        "maximum": 4.2,
        "zero_share": 0.0,
        "stochastic": False,
    }
    return made | changes


def operation(node: str, name: str = "", line: int | None = None) -> Operation:
    where = None if line is None else place(line, "x = self.output(x)")
    return {"node": node, "name": name, "place": where}


def graph(**changes: Any) -> Graph:
    made: Any = {
        "backwards": 10,
        "nodes": 12,
        "opaque": [],
        "broadcasts": [],
        "before_log_softmax": ["AddmmBackward0"],
        "backward_place": place(8, "loss.backward()"),
    }
    return made | changes


def optimizer(name: str = "SGD", **changes: Any) -> Optimizer:
    made: Any = {
        "name": name,
        "built_at": place(5, "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)"),
        "stepped_at": place(9, "optimizer.step()"),
        "steps": 200,
        "settings": {"lr": 0.1},
        "groups": 1,
        "numel": 650,
        "with_gradient": 650,
        "judged_steps": 31,
        "stale_steps": 0,
        "first_stale": None,
    }
    return made | changes


def parameter(name: str, **changes: Any) -> Parameter:
    made: Any = {
        "name": name,
        "model": name.partition(".")[0],
        "kind": "Linear",
        "numel": 100,
        "trainable": True,
        "reached": True,
        "optimized": True,
        "changed": None,
        "fixed_model": False,
        "place": place(3, "self.output = nn.Linear(10, 10)"),
    }
    return made | changes


def layer(*looks: Look, **changes: Any) -> Layer:
    made: Any = {
        "name": "model.hidden",
        "units": 32,
        "looks": list(looks),
        "biases_zero": False,
        "place": place(3, "self.hidden = nn.Linear(8, 32)"),
    }
    return made | changes


def look(step: int, weight: float, gradient: float | None, *, zero: bool = False) -> Look:
    return {"step": step, "weight": weight, "gradient": gradient, "zero": zero}
