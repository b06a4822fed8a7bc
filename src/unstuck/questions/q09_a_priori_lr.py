"""Can the learning rate be computed in advance?

## Answer
For simple models yes, even exactly; for deep nets not the best value, but a useful
range. On a quadratic, gradient descent is stable below 2 / lambda_max, and the best
fixed rate is 2 / (lambda_min + lambda_max). Measured on linear regression: divergence
at 219.687 against 219.670 predicted. In a deep net the sharpness (largest Hessian
eigenvalue) plays the role of lambda_max. On a small tanh net, full batch, lr x
sharpness at the start of 2.5 was fine, 3-4 spiked and recovered, 6 diverged: right
within a factor of 2-3. But sharpness changes during training: with full batches it
typically rises until lr x sharpness is about 2 and hovers there, so the first bound is
not the later one. Tuning a narrow net also helps: under muP the best Adam rate stayed
0.03 from width 32 to 512, while the standard set-up moved to 0.003 (one seed; its loss
at width 512 was the lower one, 0.010 against 0.039).

## Popular claims
- "possible for simple models": right. For a quadratic it is exact.
- "not possible for complex models": only if the exact best rate is meant. Sharpness
  bounds the first steps, and muP carries a tuned rate across widths.
- "observations and experience play a role": right. No theory removes the need for a
  check run.

## Watch for it
lr x sharpness on a fixed probe batch, plain SGD: above 4 at the start it is likely to
blow up, below 0.01 there is room for about 10x (rough). Not valid for small batches.

## Remedy
Start plain SGD at 1 / sharpness with warm-up, or tune at small width with muP. Check
for an early spike, and that the loss at budget is no worse than before.

## Sources
- LeCun et al. 1998, *Efficient BackProp*
- Nesterov 2004, *Introductory Lectures on Convex Optimization*
- Lewkowycz et al. 2020, *The large learning rate phase of deep learning: the catapult
  mechanism*
- Cohen et al. 2021, *Gradient Descent on Neural Networks Typically Occurs at the Edge
  of Stability*
- Yang, Hu et al. 2022, *Tensor Programs V: Tuning Large Neural Networks via Zero-Shot
  Hyperparameter Transfer*
"""

from collections.abc import Iterator
from typing import Any

from unstuck.questions import _sharpness

MEASUREMENTS = ("sharpness",)


def on(facts: Any) -> Iterator[str]:
    """The sharpness of the person's loss, held against the learning rate in use."""
    yield from _sharpness.on(facts)
