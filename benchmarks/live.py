"""What live findings cost: trainings of fit with and without them, in pairs.

    python benchmarks/live.py [--pairs N] [--out FILE]

Each pair is the same training twice, watched by our probes both times, once looked at while it runs as
``unstuck fit`` does; in random order. Reported: the median of the ratios of their seconds of CPU and its
quartiles, and the share of the time that the looks themselves took. The weights must be the same bits.
"""

import argparse
import json
import random
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from unstuck import files
from unstuck.fit.fitting import prepared
from unstuck.fit.live import Live
from unstuck.fit.loop import Loop
from unstuck.fit.models import built
from unstuck.fit.readers import Wish, read
from unstuck.fit.schedule import Schedule

TRAININGS = {
    "digits, a table": {"model": "mlp", "learning_rate": 0.003, "epochs": 40, "patience": 40},
    "breast_cancer, linear": {
        "model": "linear", "learning_rate": 0.003, "epochs": 80, "patience": 80, "batch_size": 16,
    },
}  # fmt: skip


def trained(data: str, hand: dict[str, Any], *, looks: bool) -> tuple[float, float, list[Any]]:
    """Its seconds, those of the looks, and the weights."""
    ready = prepared(read(data, Wish()), hand=hand)
    parts = [ready.part(each) for each in (ready.split.training, ready.split.validation)]
    torch.manual_seed(0)
    model = built(ready.recipe, ready.encoder.shape, ready.task)
    loop, schedule, spent = Loop(model, *parts, ready.recipe), Schedule(training="net"), 0.0

    with loop.watching() as seen:
        live = Live(seen, "net", print)

        def look(_: Any) -> None:
            nonlocal spent
            begun = time.process_time()
            live.look()
            spent += time.process_time() - begun

        begun = time.process_time()
        if looks:
            loop.run(look, None, lambda loop: schedule.stepped(loop.progress, loop.steps_an_epoch))
        else:
            loop.run(lambda _: None)
        seconds = time.process_time() - begun
    return seconds, spent, [each.tolist() for each in loop.net.parameters()]


def pairs(name: str, hand: dict[str, Any], count: int) -> dict[str, Any]:
    """The ratios of that many pairs."""
    order, data = random.Random(0), name.partition(",")[0]
    trained(data, hand, looks=True)
    ratios, shares, equal = [], [], True
    for _ in range(count):
        found = {
            looks: trained(data, hand, looks=looks) for looks in order.sample([False, True], 2)
        }
        ratios.append(found[True][0] / found[False][0])
        shares.append(found[True][1] / found[True][0])
        equal = equal and found[True][2] == found[False][2]
    quartiles = statistics.quantiles(ratios, n=4)
    return {
        "median_ratio": round(quartiles[1], 4),
        "quartiles": [round(quartiles[0], 4), round(quartiles[2], 4)],
        "share_of_looks": round(statistics.median(shares), 4),
        "seconds": round(found[False][0], 2),
        "same_bits": equal,
        "pairs": count,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = {name: pairs(name, hand, options.pairs) for name, hand in TRAININGS.items()}
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        files.write_text(options.out, text + "\n")


if __name__ == "__main__":
    main()
