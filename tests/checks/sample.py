"""Facts as the observer records them, built by hand: a healthy run, with what a test changes."""

from typing import Any

from unstuck.records import Facts
from unstuck.records.accumulation import Accumulation
from unstuck.records.activations import Activation, ActivationLook
from unstuck.records.clipping import ClipLine
from unstuck.records.data import Data, Loader
from unstuck.records.ending import Ending
from unstuck.records.failure import Failure
from unstuck.records.filters import Filter
from unstuck.records.finding import Place
from unstuck.records.gradients import GradientLayer, GradientLook, Gradients
from unstuck.records.graph import Graph
from unstuck.records.inputs import Argument, Column, DataLayer, Inputs, NonFinite
from unstuck.records.kept_graphs import KeptGraphs
from unstuck.records.layers import Dropout, Edge, Layers, Node
from unstuck.records.loss import Loss
from unstuck.records.loss_calls import Input, LossCall, Operation
from unstuck.records.memory import File, Held, Memory
from unstuck.records.modes import BatchNormLayer, Mode
from unstuck.records.optimizers import Optimizer
from unstuck.records.parameters import Parameter
from unstuck.records.predictions import Prediction
from unstuck.records.schedulers import Scheduler
from unstuck.records.series import finite
from unstuck.records.targets import Target
from unstuck.records.trials import Arm, Trials, Verdict
from unstuck.records.units import Layer, Look
from unstuck.records.validation import Curve, Evaluation, Validation


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
        "own": False,
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


def node(name: str, inputs: int = 32, outputs: int = 32, **changes: Any) -> Node:
    made: Any = {
        "name": name,
        "kind": "Linear",
        "inputs": inputs,
        "outputs": outputs,
        "kernel": [],
        "groups": 1,
        "depth": 1,
        "uses": 1,
        "normalised": False,
        "tied": False,
        "place": place(3, "self.hidden = nn.Linear(32, 32)"),
    }
    return made | changes


def edge(source: str, target: str, *operations: str, straight: bool = False) -> Edge:
    return {
        "source": source,
        "target": target,
        "operations": list(operations),
        "straight": straight,
    }


def dropout(rate: float, name: str = "model.dropout", **changes: Any) -> Dropout:
    made: Any = {"name": name, "layer": "", "rate": rate, "output": False, "place": place()}
    return made | changes


def layers(*nodes: Node, **changes: Any) -> Layers:
    made: Any = {
        "looks": 10,
        "nodes": list(nodes),
        "edges": [],
        "dropouts": [],
        "functions": ["ReLU"],
        "normalised": False,
        "opaque": False,
        "left_out": 0,
    }
    return made | changes


def gradient_look(step: int, gradient: float = 0.1, **changes: Any) -> GradientLook:
    made: Any = {
        "step": step,
        "gradient": gradient,
        "largest": gradient,
        "zeros": 0.0,
        "zero_rows": 0.0,
        "weight": 18.5,  # a standard deviation of .58 over the root of 32 inputs
        "update": 1e-3,
    }
    return made | changes


def gradient_layer(name: str, *looks: GradientLook, **changes: Any) -> GradientLayer:
    made: Any = {
        "name": name,
        "kind": "Linear",
        "optimizer": "SGD",
        "numel": 1024,
        "fan_in": 32,
        "looks": list(looks) or [gradient_look(step) for step in (0, 1, 2, 3, 6, 12)],
        "place": place(3, "self.hidden = nn.Linear(32, 32)"),
    }
    return made | changes


def gradients(*layers: GradientLayer, **changes: Any) -> Gradients:
    made: Any = {
        "layers": list(layers),
        "totals": series([1.0] * 60),
        "rates": [{"step": step, "optimizer": "SGD", "rate": 0.1} for step in (0, 1, 12)],
    }
    return made | changes


def activation_look(step: int, **changes: Any) -> ActivationLook:
    made: Any = {
        "step": step,
        "rows": 256,
        "zeros": 0.5,
        "saturated": 0.0,
        "mean": 0.4,
        "deviation": 0.6,
        "minimum": 0.0,
        "maximum": 3.0,
        "dead": 0.1,
        "dead_for_long": 0.05,
        "varies": True,
    }
    return made | changes


def activation(kind: str = "ReLU", *looks: ActivationLook, **changes: Any) -> Activation:
    made: Any = {
        "layer": "model.hidden",
        "kind": kind,
        "units": 64,
        "of_input": False,
        "gate": False,
        "output": False,
        "looks": list(looks) or [activation_look(step) for step in (0, 1, 2, 3)],
        "histograms": [],
        "place": place(3, "self.hidden = nn.Linear(32, 32)"),
    }
    return made | changes


def clip_line(function: str = "clip_grad_norm_", **changes: Any) -> ClipLine:
    made: Any = {
        "function": function,
        "threshold": 1.0,
        "calls": 60,
        "early": 0,
        "empty": 0,
        "norms": series([2.0, 0.5] * 30),
        "cut": [],
        "covered": [1.0, 1.0, 1.0],
        "optimizer": "SGD",
        "place": place(8, "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)"),
    }
    return made | changes


def batch_norm(name: str = "model.1", **changes: Any) -> BatchNormLayer:
    made: Any = {
        "name": name,
        "kind": "BatchNorm1d",
        "channels": 32,
        "values": 64,
        "batch": 64,
        "fresh": False,
        "frozen_updates": 0,
        "drift": None,
        "place": place(4, "self.norm = nn.BatchNorm1d(32)"),
    }
    return made | changes


def mode(**changes: Any) -> Mode:
    made: Any = {
        "model": "model",
        "place": place(3, "model = Net()"),
        "forward_place": place(),
        "dropout": ["drop"],
        "batch_norm": [batch_norm()],
        "steps": 200,
        "quiet_steps": 0,
        "quiet_since": None,
        "numel": 650,
        "trainable": 650,
        "optimized": 650,
    }
    return made | changes


def evaluation(**changes: Any) -> Evaluation:
    made: Any = {
        "model": "model",
        "step": 50,
        "update": 50,
        "forwards": 4,
        "rows": 256,
        "training": 0,
        "noisy": 0,
        "noise": [],
        "graphs": 0,
        "losses": 4,
        "own_loader": True,
        "repeated": False,
        "inside": False,
        "place": place(12, "loss = criterion(model(x), y)"),
    }
    return made | changes


def curve(values: list[float], accuracy: list[float] = (), **changes: Any) -> Curve:  # type: ignore[assignment]
    made: Any = {
        "function": "cross_entropy",
        "place": place(12, "loss = criterion(model(x), y)"),
        "rows": 1000,
        "values": [[10 * at, value] for at, value in enumerate(values)],
        "accuracy": [[10 * at, value] for at, value in enumerate(accuracy)],
    }
    return made | changes


def validation(*evaluations: Evaluation, curves: list[Curve] | None = None) -> Validation:
    return {
        "seen": len(evaluations),
        "evaluations": list(evaluations),
        "curves": curves or [],
    }


def scheduler(name: str = "CosineAnnealingLR", **changes: Any) -> Scheduler:
    made: Any = {
        "name": name,
        "optimizer": "SGD",
        "built_at": place(6, "scheduler = CosineAnnealingLR(optimizer, T_max=200)"),
        "steps": 200,
        "updates": 200,
        "settings": {"T_max": 200.0},
        "rates": [[at, 0.1 * (1 - at / 200)] for at in range(0, 200, 10)],
        "track": [[at, at] for at in range(0, 200, 10)],
        "epochs": 3,
        "per_epoch": 50,
        "inner": False,
    }
    return made | changes


def accumulation(**changes: Any) -> Accumulation:
    made: Any = {
        "windows": [[1, 200]],
        "model": "model",
        "place": place(8, "loss.backward()"),
        "ratios": series([1.0] * 30),
        "mean": True,
        "rescaled": 0,
        "judged": 30,
        "batches": 50,
        "epochs": 3,
        "cut": [],
    }
    return made | changes


def kept_graphs(*alive: tuple[int, int, int]) -> KeptGraphs:
    counts: Any = [{"step": s, "marked": marked, "alive": left} for s, marked, left in alive]
    return {"counts": counts, "place": place(8, "loss.backward()")}


def ending(ended: str = "finished", steps: int = 200) -> Ending:
    return {"ended": ended, "steps": steps, "updates": steps}


def loader(**changes: Any) -> Loader:
    made: Any = {
        "place": place(9, "for x, y in loader:"),
        "samples": 6401,
        "batch": 32,
        "batches": 201,
        "workers": 0,
        "sampler": "RandomSampler",
        "epochs": 1,
        "first_step": 0,
        "trains": True,
        "last_batch": 1,
        "drop_last": False,
        "completed": 0,
    }
    return made | changes


def data(*loaders: Loader, **changes: Any) -> Data:
    made: Any = {
        "batch": 32,
        "samples": 6401,
        "updates_per_epoch": 201,
        "backwards_per_step": 1.0,
        "loaders": list(loaders),
    }
    return made | changes


def filters(smooth: float = 0.0, **changes: Any) -> Filter:
    made: Any = {
        "name": "model.stem",
        "kernel": [7, 7],
        "channels": 3,
        "smooth": [[1, 0.01], [180, smooth]],
        "change": 0.01,
        "updates": 180,
        "place": place(3, "self.stem = nn.Conv2d(3, 64, 7)"),
    }
    return made | changes


def target(function: str = "cross_entropy", **changes: Any) -> Target:
    made: Any = {
        "function": function,
        "place": place(),
        "calls": 200,
        "first_step": 0,
        "shape": [32],
        "prediction_shape": [32, 10],
        "kind": "classes",
        "counts": [640] * 10,
        "rows": 0,
        "several": 0,
        "entries": 6400,
        "mean": 0.0,
        "std": 0.0,
        "minimum": 0.0,
        "maximum": 0.0,
        "below_minus_one": 0.0,
        "below_zero": 0.0,
        "above_one": 0.0,
        "windows": 200,
        "separation": 0.02,
        "between": None,
        "ascending": None,
        "weighted": False,
        "made": False,
        "chain": ["AddmmBackward0", "ReluBackward0", "AddmmBackward0"],
        "first_prediction": 0.3,
        "nonfinite": 0,
        "nonfinite_step": None,
    }
    return made | changes


def numbers(
    function: str = "mse_loss", mean: float = 0.0, std: float = 1.0, **changes: Any
) -> Target:
    """Targets of a regression."""
    of = {
        "kind": "numbers",
        "counts": [],
        "prediction_shape": [32, 1],
        "shape": [32, 1],
        "mean": mean,
        "std": std,
        "minimum": mean - 3 * std,
        "maximum": mean + 3 * std,
        "below_minus_one": 0.16,
        "below_zero": 0.5,
        "above_one": 0.16,
        "separation": None,
        "between": 0.03,
        "ascending": 0.5,
    }
    return target(function, **(of | changes))


def nonfinite(**changes: Any) -> NonFinite:
    made: Any = {
        "step": 3,
        "call": 3,
        "entries": 1,
        "of": 256,
        "rows": [5],
        "columns": [2],
        "calls": 1,
    }
    return made | changes


def argument(**changes: Any) -> Argument:
    made: Any = {
        "model": "model",
        "name": "0",
        "place": place(),
        "dtype": "float32",
        "shape": [32, 8],
        "integer": False,
        "made": False,
        "calls": 200,
        "steps": 200,
        "distinct": 200,
        "unchanged": 0,
        "looks": 12,
        "same_rows": 0,
        "constant": 0,
        "value": 0.3,
        "duplicates": 0.0,
        "nonfinite": None,
    }
    return made | changes


def column(index: int = 0, mean: float = 0.0, std: float = 1.0, **changes: Any) -> Column:
    made: Any = {
        "index": index,
        "mean": mean,
        "std": std,
        "largest": abs(mean) + 3 * std,
        "zeros": 0.0,
        "binary": False,
    }
    return made | changes


def data_layer(*columns: Column, **changes: Any) -> DataLayer:
    squares = [each["mean"] ** 2 + each["std"] ** 2 for each in columns]
    made: Any = {
        "name": "model.0",
        "kind": "Addmm",
        "place": place(3, "self.input = nn.Linear(8, 32)"),
        "looks": 12,
        "rows": 384,
        "features": len(columns),
        "mean": sum(each["mean"] for each in columns) / max(1, len(columns)),
        "root_mean_square": (sum(squares) / max(1, len(columns))) ** 0.5,
        "minimum": min((each["mean"] - each["largest"] for each in columns), default=0.0),
        "maximum": max((each["largest"] for each in columns), default=0.0),
        "columns": list(columns),
    }
    return made | changes


def inputs(*arguments: Argument, layers: list[DataLayer] | None = None) -> Inputs:
    return {"arguments": list(arguments), "layers": layers}


def prediction(source: str = "validation", **changes: Any) -> Prediction:
    made: Any = {
        "source": source,
        "place": place(20, "loss = criterion(model(x), y)"),
        "model": "",
        "step": 150,
        "passes": 3,
        "samples": 1000,
        "counts": [960, 40],
        "predicted": [1000, 0],
        "hits": [960, 0],
    }
    return made | changes


def file(path: str = "train.npy", **changes: Any) -> File:
    made: Any = {
        "path": path,
        "size": 200_000_128,
        "mapped": True,
        "wanted_mapped": True,
        "place": place(2, 'mapped = np.load("train.npy", mmap_mode="r")'),
    }
    return made | changes


def held(name: str = "data", **changes: Any) -> Held:
    made: Any = {
        "name": name,
        "size": 200_000_000,
        "entries": 50_000_000,
        "mapped": False,
        "place": place(4, "data = np.array(mapped)"),
    }
    return made | changes


def memory(files: list[File], arrays: list[Held], **changes: Any) -> Memory:
    made: Any = {
        "anonymous": 800_000_000,
        "anonymous_at_start": 300_000_000,
        "total": 16_000_000_000,
        "workers": 0,
        "files": files,
        "held": arrays,
    }
    return made | changes


def arm(name: str = "unchanged", *scores: float, **changes: Any) -> Arm:
    losses = [[[step, 0.7 * 0.97**step] for step in range(0, 100, 2)] for _ in scores]
    made: Any = {
        "name": name,
        "change": "" if name == "unchanged" else f"with {name}",
        "scores": list(scores),
        "losses": losses,
        "steps": 100 if scores else 0,
        "stopped": None if scores else "it does not fit",
    }
    return made | changes


def flat(loss: float, seeds: int = 3) -> list[list[list[float]]]:
    """Losses of an arm that do not fall."""
    return [[[step, loss] for step in range(0, 100, 2)] for _ in range(seeds)]


def verdict(remedy: str, status: str = "confirmed", **changes: Any) -> Verdict:
    made: Any = {
        "remedy": remedy,
        "status": status,
        "gain": 0.6,
        "interval": [0.5, 0.7],
        "gains": [0.6, 0.6, 0.6],
        "breadth": "specific",
        "reason": "",
        "seconds": 1.5,
    }
    return made | changes


def trials(*arms: Arm, verdicts: list[Verdict] | None = None, **changes: Any) -> Trials:
    said = verdicts or []
    won = [each["remedy"] for each in said if each["status"] == "confirmed"]
    made: Any = {
        "self_check": {"steps": 100, "largest_difference": 0.0, "equal": True},
        "seeds": [0, 1, 2],
        "steps": 100,
        "score": "R^2",
        "judged_on": "rows kept back",
        "margin": 0.08,
        "margin_source": "the least gain that counts",
        "arms": list(arms),
        "verdicts": said,
        "winner": won[0] if won else None,
        "excluded": [],
        "replays": 9,
        "seconds": 5.0,
        "remarks": [],
    }
    return made | changes
