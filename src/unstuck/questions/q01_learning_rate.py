"""What does the learning rate do, and what happens when it is too large or too small?

## Answer
It scales each update step. Too small: the run is still unfinished when the budget ends.
Too large: the loss oscillates or diverges. In between, the steps needed form a U-shaped
curve. It is any positive number: the useful size depends on the optimiser and on the
scale of inputs, loss and parameters. For gradient descent on a quadratic, the stable
range is 0 < lr < 2 / (largest Hessian eigenvalue). For linear regression on
scikit-learn's diabetes data (half mean squared error, no intercept) that limit is
219.67: lr 1 needed 1185 steps, lr 150 needed 7, lr 220 diverged. A small MLP on digits
missed its target in 30 epochs at lr 0.03 or less, was fastest near 0.3, and stayed at
chance from 1.5 up. A smaller rate with proportionally more steps usually reaches a
similar training loss (0.043 against 0.038); what it may cost is generalisation.

## Popular claims
- "the value lies between 0 and 1": wrong. Any positive value is possible; multiplying
  the inputs of a linear model by c divides the stable limit by c squared.
- "a higher rate needs fewer epochs": only if the rate stays below the stability limit;
  near the limit and above it the number of epochs rises again or the run diverges.
- "a small rate may never converge or gets stuck": only if the steps run out. Given
  proportionally more steps, gradient descent reaches about the same training loss (on
  convex problems provably).
- "find it by trial and error": incomplete. A range test, a curvature estimate or
  transfer from a smaller model beats blind search.
- "one of the most important hyperparameters": right. It is usually the first one to
  tune.

## Watch for it
Rough thresholds: loss not finite or above 3x its start; update size over weight size
per layer above 1e-1 or below 1e-5. Warm-up spikes and normalised layers can mislead.

## Remedy
Run a range test and take a rate 3 to 10 times below the blow-up, or 1 / sharpness for
full-batch SGD. Compare with the old rate on at least 3 seeds at equal budget.

## Sources
- Bengio 2012, *Practical Recommendations for Gradient-Based Training of Deep
  Architectures*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapters 4 and 8
- Nesterov 2004, *Introductory Lectures on Convex Optimization*
- Smith 2017, *Cyclical Learning Rates for Training Neural Networks*
- Li, Wei & Ma 2019, *Towards Explaining the Regularization Effect of Initial Large
  Learning Rate in Training Neural Networks*
- Lewkowycz et al. 2020, *The large learning rate phase of deep learning: the catapult
  mechanism*
"""
