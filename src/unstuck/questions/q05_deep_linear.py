"""Can you build a deep model out of linear layers only?

## Answer
Yes, but the result is still one linear map: the weight matrices multiply out to a
single matrix, exactly, and a narrow layer only limits its rank. On two circles both a
linear and a 4-layer linear net scored 0.44, a ReLU net 1.00. What depth changes is the
learning. The loss becomes non-convex, with plateaus and sudden drops, and the strong
directions of the target are learned first: for singular values 4, 2, 1, 0.5 two layers
needed 200, 383, 713 and 1384 steps to pass half of each; one layer needed 69 for all of
them. From a small start, gradient training of deep products also prefers low rank. On a
40x40 rank-2 matrix with 35 % of the entries seen, depths 1, 2 and 3 all fitted those,
but the mean squared error on the unseen ones was 0.99, 0.07 and 0.0001. Depth can also
hurt: on digits the 4-layer linear net scored 0.92-0.96 against 0.974 at the same
learning rate.

## Popular claims
- "possible, and a composition of linear functions is linear": right. Exact, up to
  rounding.
- "linear layers suffice if the problem is linear": right. A single linear layer then
  suffices too.
- "nothing extraordinary can be achieved": wrong. The set of functions stays the same,
  but depth changes which solution training finds and how fast.
- "more nodes will not increase predictive power": only if that means the set of
  functions. The solution found can generalise far better (matrix completion) or be
  harder to reach.

## Watch for it
Linear or Conv layers with nothing non-linear between: f(x+y) - f(x) - f(y) + f(0) is 0
(relative gap < 1e-5, rough). Low-rank factors such as LoRA do so on purpose.

## Remedy
Put a ReLU or GELU between the layers, or fuse them into one. Check that the training
loss falls below the best linear fit, or that fused outputs agree to 1e-6.

## Sources
- Baldi & Hornik 1989, *Neural Networks and Principal Component Analysis: Learning from
  Examples Without Local Minima*
- Saxe, McClelland & Ganguli 2014, *Exact solutions to the nonlinear dynamics of
  learning in deep linear neural networks*
- Gunasekar et al. 2017, *Implicit Regularization in Matrix Factorization*
- Arora, Cohen & Hazan 2018, *On the Optimization of Deep Networks: Implicit
  Acceleration by Overparameterization*
- Arora et al. 2019, *Implicit Regularization in Deep Matrix Factorization*
"""
