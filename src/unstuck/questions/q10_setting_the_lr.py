"""What are the usual ways of setting the learning rate?

## Answer
Find a peak value by a range test or a small search, then keep it fixed, or better, warm
up to it and let it decay (step, cosine, one-cycle). Adaptive methods such as Adam and
Adagrad scale the step per parameter but still need a global rate. Others: line search,
rescaling with the batch size, and methods that estimate the rate themselves
(D-Adaptation, Prodigy). Momentum is not one of them: it changes the direction, and as a
side effect multiplies the effective rate by 1 / (1 - beta), so 10 at beta 0.9. On a
digits MLP (12 epochs, 3 seeds) momentum at lr matched SGD at 10 x lr within a point up
to lr 0.01. Best test accuracy was 0.941 for constant SGD, 0.969 with step decay, 0.970
cosine, 0.963 momentum, 0.957 Adam, 0.965 Adagrad. At lr 1 constant SGD ended with loss
0.74, with decay 0.06. Which optimiser is best depends on task, budget and tuning.

## Popular claims
- "a fixed value for the whole run": right. It works, but decay usually ends lower.
- "a learning rate schedule": right. Step and cosine are common.
- "adaptive learning rates": right. But Adam still has a global rate to tune.
- "adding momentum to SGD": wrong. It does not set the rate; raising beta without
  lowering the rate enlarges the effective step.
- "these four are the approaches": incomplete. Warm-up, range test, one-cycle, line
  search, batch-size scaling and self-tuning methods are missing.

## Watch for it
Log the rate each step: constant to the end with a noisy loss, a scheduler that never
steps, Adam above 0.03 (rough). Short runs and schedules set elsewhere can mislead.

## Remedy
Take the peak from a range test, add warm-up and cosine decay, and lower the rate when
raising momentum. Compare on the same seeds: less loss noise at the end, validation not
worse.

## Sources
- Robbins & Monro 1951, *A Stochastic Approximation Method*
- Duchi, Hazan & Singer 2011, *Adaptive Subgradient Methods for Online Learning and
  Stochastic Optimization*
- Sutskever et al. 2013, *On the importance of initialization and momentum in deep
  learning*
- Kingma & Ba 2015, *Adam: A Method for Stochastic Optimization*
- Loshchilov & Hutter 2017, *SGDR: Stochastic Gradient Descent with Warm Restarts*
- Schmidt, Schneider & Hennig 2021, *Descending through a Crowded Valley*
"""

from collections.abc import Iterator
from typing import Any

from unstuck.questions import _ways
from unstuck.questions._run import rates_in_use

REPLAYS = _ways.WAYS


def on(facts: Any) -> Iterator[str]:
    """The rates of the person's run, and what the usual ways of setting them reach on it."""
    yield from rates_in_use(facts)
    yield from _ways.on(facts)
