"""Runs as the observer records them, built by hand."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from unstuck.records import Facts, Finding, Location, Proof, Run, ScriptRecord


@dataclass(frozen=True)
class Remedy:
    advice: str
    code: str


REMEDIES = {
    "give-parameters-to-optimizer": Remedy(
        "Build the optimizer after the model is complete and give it all trainable parameters. "
        "What shall stay fixed gets requires_grad_(False).",
        "optimizer = torch.optim.Adam(p for p in model.parameters() if p.requires_grad)",
    ),
    "lower-learning-rate": Remedy(
        "Lower the learning rate by a factor of 10 and compare the first 100 steps; repeat while "
        "it helps.",
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)  # was lr=0.1",
    ),
    "redraw-initialisation": Remedy(
        "Draw the hidden weights at random; biases may stay zero. The layers of torch.nn do so by "
        "themselves when nothing overwrites them.",
        "for layer in model.modules():\n"
        "    if isinstance(layer, torch.nn.Linear):\n"
        '        torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")\n'
        "        torch.nn.init.zeros_(layer.bias)",
    ),
}

CHECKS = (
    "activation-on-logits",
    "loss-broadcast",
    "loss-not-falling",
    "non-finite-loss",
    "softmax-before-cross-entropy",
    "stale-gradients",
    "symmetric-units",
    "unoptimized-parameters",
)

STUCK = Finding(
    "after 200 steps the loss is 2.303; predicting the same for every input gives 2.302 "
    "(frequencies of 10 classes)",
    at=199,
    evidence={"loss": 2.3031, "constant_loss": 2.302, "standard_errors_of_fall": None},
    location=Location("train.py", 44, "    loss = loss_function(net(images), labels)"),
    check="loss-not-falling",
    remedies=("lower-learning-rate", "redraw-initialisation"),
)
LEFT_OUT = Finding(
    "net.stem.weight, net.stem.bias, net.head.weight and 9 more: reached by the loss, but in no "
    "optimizer (61,706 of 61,706 trainable parameters never change)",
    at=0,
    evidence={
        "parameters": ["net.stem.weight", "net.stem.bias", "net.head.weight"],
        "count": 12,
        "numel": 61706,
        "trainable": 61706,
    },
    location=Location("train.py", 41, "optimizer = torch.optim.SGD(other.parameters(), lr=0.1)"),
    check="unoptimized-parameters",
    question="q17",
    remedies=("give-parameters-to-optimizer",),
    symptoms=(STUCK,),
)
SOFTMAX = Finding(
    "cross_entropy receives probabilities (net.out (softmax)); it expects logits and applies "
    "softmax itself",
    at=0,
    evidence={"graph": ["SoftmaxBackward0", "AddmmBackward0"], "rows_sum_to_one": True},
    severity="warning",
    location=Location("models/net.py", 17, "        return self.out(x).softmax(dim=1)"),
    check="softmax-before-cross-entropy",
    remedies=("redraw-initialisation",),
)


def plateau(steps: int = 200) -> list[list[float]]:
    return [[i, 2.302 + 0.02 * math.sin(1.7 * i) + 0.01 * math.cos(0.31 * i)] for i in range(steps)]


def diverging(steps: int = 200, broken: int = 160) -> list[list[float]]:
    return [[i, 2.3 * math.exp(i / 9) if i < broken else math.nan] for i in range(steps)]


def loss(values: list[list[float]]) -> dict[str, Any]:
    broken = [int(step) for step, value in values if not math.isfinite(value)]
    return {
        "values": values,
        "source": "loss function",
        "place": None,
        "nonfinite_steps": broken[:5],
        "nonfinite_count": len(broken),
        "nonfinite_kind": "nan" if broken else "",
        "recovered": not broken,
    }


def loss_call(values: list[list[float]], constant: float | None = 2.302) -> dict[str, Any]:
    seen = {"loss": constant, "what": "frequencies of 10 classes", "targets": 1797}
    return {
        "function": "cross_entropy",
        "training": True,
        "calls": len(values),
        "chain": ["SoftmaxBackward0", "AddmmBackward0"],
        "values": values,
        "constant": None if constant is None else seen,
    }


def layers(*names: str) -> dict[str, Any]:
    """A chain of layers, each behind a ReLU; the first also feeds the third."""
    nodes = [
        {"name": name, "kind": "Linear", "inputs": 64, "outputs": 64, "kernel": [], "depth": i + 1}
        for i, name in enumerate(names)
    ]
    edges = [
        {"source": first, "target": second, "operations": ["Relu"], "straight": False}
        for first, second in pairwise(names)
    ]
    if len(names) > 2:
        edges.append({"source": names[0], "target": names[2], "operations": ["Add"]})
    return {"nodes": nodes, "edges": edges, "left_out": 0}


def gradients(*names: str, gradient: float = 0.1, update: float | None = 0.01) -> dict[str, Any]:
    """Three looks at each layer; every layer has half the gradient of the one before."""
    return {
        "layers": [
            {
                "name": name,
                "looks": [
                    {
                        "step": s,
                        "gradient": gradient / 2**i * (s + 1),
                        "weight": 1.0,
                        "update": update,
                    }
                    for s in (0, 1, 2)
                ],
            }
            for i, name in enumerate(names)
        ],
        "totals": [],
        "rates": [],
    }


def activation(layer: str, dead: float | None = 0.25, **changes: Any) -> dict[str, Any]:
    look = {"step": 9, "zeros": 0.5, "saturated": 0.0, "dead": dead}
    return {
        "layer": layer,
        "kind": "ReLU",
        "looks": [look],
        "histograms": [
            {"step": 0, "low": 0.0, "high": 2.0, "counts": [8, 4, 2, 1]},
            {"step": 9, "low": 0.0, "high": 4.0, "counts": [12, 2, 1, 0]},
        ],
    } | changes


def target(counts: list[int], **changes: Any) -> dict[str, Any]:
    return {"function": "cross_entropy", "kind": "classes", "calls": 9, "counts": counts} | changes


def prediction(counts: list[int], hits: list[int], source: str = "validation") -> dict[str, Any]:
    return {"source": source, "step": 99, "counts": counts, "hits": hits, "predicted": hits}


def validation(*values: float) -> dict[str, Any]:
    pairs = [[20 * i + 19, value] for i, value in enumerate(values)]
    return {"seen": 2, "evaluations": [], "curves": [{"function": "", "values": pairs}]}


def filters(name: str, count: int = 4, size: int = 3, weight: float = 0.5) -> dict[str, Any]:
    weights = [[weight * (-1) ** (i + j) for j in range(size * size)] for i in range(count)]
    looks = [{"step": step, "weights": weights} for step in (0, 99)]
    return {
        "name": name,
        "channels": 3,
        "filters": count,
        "rows": size,
        "columns": size,
        "looks": looks,
    }


def arm(name: str, change: str, gain: float = 0.0, noise: float = 0.02) -> dict[str, Any]:
    """Three replays whose losses fall the faster the more they gain, and their scores."""
    seeds = range(3)

    def value(seed: int, step: int) -> float:
        wobble = noise * math.sin(1.7 * step + 2 * seed)
        return 2.3 * math.exp(-0.03 * gain * (1 + 0.15 * seed) * step) + wobble + noise

    return {
        "name": name,
        "change": change,
        "scores": [0.12 + gain + 0.02 * (seed - 1) for seed in seeds],
        "losses": [[[float(i), value(seed, i)] for i in range(0, 100, 3)] for seed in seeds],
        "steps": 100,
        "stopped": None,
    }


def judged(
    remedy: str,
    gain: float | None,
    status: str = "rejected",
    reason: str = "",
    breadth: str = "learning rate",
) -> dict[str, Any]:
    return {
        "remedy": remedy,
        "status": status,
        "gain": gain,
        "interval": None if gain is None else [gain - 0.04, gain + 0.04],
        "gains": [] if gain is None else [gain - 0.02, gain, gain + 0.02],
        "breadth": breadth,
        "reason": reason,
        "seconds": 0.0 if gain is None else 12.3,
    }


def trials(*verdicts: dict[str, Any], winner: str | None = None, **changes: Any) -> dict[str, Any]:
    """The replays of these verdicts; the arms fall as fast as they gain."""
    words = {"lower-learning-rate": "learning rate 0.1 to 0.01"}
    arms = [
        arm(
            each["remedy"],
            words.get(each["remedy"], f"{each['remedy'].replace('-', ' ')} of 3 layers"),
            each["gain"],
        )
        for each in verdicts
        if each["gain"] is not None
    ]
    return {
        "self_check": {"steps": 60, "largest_difference": 0.0, "equal": True},
        "seeds": [0, 1, 2],
        "steps": 100,
        "score": "the balanced log-likelihood",
        "judged_on": "batches before they are trained on",
        "margin": 0.05,
        "margin_source": "the 99th percentile of the sham's gains",
        "arms": [arm("unchanged", "nothing"), arm("sham", "learning rate times 1.03", 0.01), *arms],
        "verdicts": list(verdicts),
        "winner": winner,
        "excluded": [] if winner else [each["remedy"] for each in verdicts],
        "replays": 3 * (2 + len(arms)),
        "seconds": 41.0,
        "remarks": [],
    } | changes


LOWER = judged("lower-learning-rate", 0.82, "confirmed", breadth="learning rate")
REDRAW = judged("redraw-initialisation", 0.01)
PROVEN = trials(LOWER, REDRAW, winner="lower-learning-rate")
EXCLUDED = trials(judged("lower-learning-rate", -0.02), REDRAW)
UNEQUAL = trials(self_check={"steps": 60, "largest_difference": 0.31, "equal": False})
UNJUDGED = trials(
    judged("lower-learning-rate", None, "not judged", "not within the budget"), complete=False
)


def everything(*names: str, **families: Any) -> Facts:
    """Facts for every picture, about layers of these names."""
    values = plateau()
    return Facts(
        {
            "loss": loss(values),
            "loss_calls": [loss_call(values)],
            "layers": layers(*names),
            "gradients": gradients(*names),
            "activations": [activation(name) for name in names],
            "targets": [target([900, 90, 10])],
            "predictions": [prediction([90, 9, 1], [90, 3, 0])],
            "validation": validation(2.3, 1.9, 2.2),
            "filter_images": filters(names[0]),
            "trials": trials(LOWER, judged("scale-inputs", 0.01), winner="lower-learning-rate"),
        }
        | families
    )


def optimizer(name: str = "SGD", **settings: float) -> dict[str, Any]:
    return {"name": name, "settings": settings}


def run(*findings: Finding, facts: Facts | None = None, **changes: Any) -> Run:
    values = plateau()
    made = Run(
        name="20260301-101500-train",
        created="2026-03-01T10:15:00+00:00",
        script=ScriptRecord(
            command="train.py --epochs 30",
            path="train.py",
            ended="stopped",
            steps=200,
            seconds=4.12,
            batch=64,
            samples=1797,
            updates_per_epoch=28.08,
            accumulation=1.0,
        ),
        findings=findings,
        checked=CHECKS[:-2],
        not_checked={
            "symmetric-units": "no layer was seen at two different steps",
            "unoptimized-parameters": "not selected",
        },
        cost={"seconds": 0.11, "share": 0.027},
        versions={"unstuck": "0.1.0", "torch": "2.13.0", "python": "3.11.9"},
        facts=facts
        or Facts({"loss": loss(values), "loss_calls": [loss_call(values)], "parameters": []}),
    )
    return replace(made, **changes)


def script(**changes: Any) -> ScriptRecord:
    return replace(run().script, **changes)


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "</svg><script>alert(4)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b[0m \x1b]8;;file:///x\x07link\x1b]8;;\x07",
    "\x9b31mred",
    "one\ntwo\r\nthree\x0bfour\u2028five",
    "carriage\rreturn \x08backspace \x00nul",
    "\u202egnp.exe \u200b\ufeffhidden",
    "lone \ud800 surrogate \udcff",
    "[bold]markup[/bold] :smile:",
    "Gr\u00f6\u00dfe \u6a21\u578b \U0001f9e0",
    "n" * 100_000,
    "",
)


def proof(**changes: Any) -> Proof:
    made = Proof(
        remedy="lower-learning-rate",
        change="learning rate 0.1 to 0.01",
        before=0.12,
        after=0.94,
        gain=0.82,
        interval=(0.78, 0.86),
        seeds=3,
        agreeing=3,
        steps=100,
        score="the balanced log-likelihood",
        judged_on="batches before they are trained on",
        seconds=12.3,
    )
    return replace(made, **changes)


CURED = replace(STUCK, status="confirmed", proof=proof())


def hostile_trials(text: str) -> dict[str, Any]:
    named = judged(text, 0.5, "confirmed", text, text)
    made = trials(named, judged(text + "2", 0.0, text, text), winner=text)
    arms = [each | {"change": text, "stopped": text} for each in made["arms"]]
    said = dict.fromkeys(("score", "judged_on", "margin_source"), text)
    return made | said | {"arms": arms, "remarks": [text], "excluded": [text]}


def hostile(text: str) -> Run:
    """A run whose every string is the given one."""
    said = dict.fromkeys(("reason", "remedy", "change", "score", "judged_on"), text)
    finding = Finding(
        text,
        at=3,
        evidence={text: text, "list": [text, {"name": text}], "map": {text: text}},
        location=Location(text, 1, text),
        check=text,
        question=text,
        remedies=(text, "lower-learning-rate"),
        proof=proof(**said),
    )
    proven = replace(finding, status="confirmed")
    return run(
        replace(finding, symptoms=(proven,)),
        replace(finding, severity="note", status="rejected", symptoms=(finding,)),
        proven,
        name=text,
        created=text,
        script=ScriptRecord(command=text, path=text, ended=text, steps=3, training=text),
        checked=(text, text),
        not_checked={text: text},
        ignored=(finding,),
        cost={text: 1.0},
        versions={text: text},
        facts=replace(
            everything(
                text,
                text + ".1",
                text + ".2",
                loss_calls=[loss_call(plateau(20)) | {"function": text, "chain": [text]}],
                optimizers=[optimizer(text, **{text: 0.1})],
                trials=hostile_trials(text),
            ),
            missing={text: text},
        ),
    )
