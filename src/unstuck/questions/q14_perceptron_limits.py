"""What can a perceptron not do?

## Answer
It cannot separate classes that no hyperplane in its input features separates. On
separable data it stops after at most (R / gamma)^2 mistakes, where R is the largest
input norm and gamma the margin: iris setosa against the rest took 5-12 updates, with a
bound of 222. On other data it never settles: versicolor against virginica still gave
2-3 mistakes per epoch after 200 epochs, so the last weights (0.91-0.94) can be worse
than the best visited (0.98). The boundary is linear only in the features given. On XOR
no line gets more than 0.75; adding the product x1*x2 gave 1.0 in 11-14 epochs, and a
hidden layer of 4 tanh units solved it in 9 of 10 seeds. Other limits: no probabilities,
no maximal margin, a result that depends on the order of examples, and a step function
whose zero derivative rules out training several layers by gradients.

## Popular claims
- "it can only learn linearly separable functions": right. It converges if the data are
  separable and never settles otherwise.
- "it cannot handle non-linear inputs": wrong. Only the boundary is linear; non-linear
  features (a product, a kernel) let it solve XOR.
- "that is the major drawback": incomplete. No probabilities, no margin, order
  dependence and no gradient through the step are missing.

## Watch for it
Mistakes per epoch that never reach zero. Compare your net with logistic regression: a
gap within one standard deviation over seeds means linear is enough (rough).

## Remedy
Add non-linear features or a hidden layer; on non-separable data use the averaged or
pocket perceptron. Compare the training error with that of the best linear model.

## Sources
- Novikoff 1962, *On Convergence Proofs on Perceptrons*
- Minsky & Papert 1969, *Perceptrons*
- Freund & Schapire 1999, *Large Margin Classification Using the Perceptron Algorithm*
"""

from collections.abc import Iterator
from typing import Any

from unstuck.questions import _probe

MEASUREMENTS = ("linear-probe",)


def on(facts: Any) -> Iterator[str]:
    """What a linear model reaches on the person's data, held against their network."""
    yield from _probe.on(facts)
