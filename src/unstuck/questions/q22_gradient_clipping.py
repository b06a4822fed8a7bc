"""What is gradient clipping?

## Answer
Limiting the size of the gradient before the update, so that one huge gradient cannot
throw the weights away. Clipping by norm scales the whole gradient down when its norm
exceeds a limit and keeps its direction; it is the usual form (clip_grad_norm_).
Clipping by value cuts each component and turns the direction: cosine 0.75 to 0.99 with
the raw gradient, depending on the limit. It can improve performance as well as
stability. On x^4, minimised from several starts, the best fixed rate needed 2758 steps
in the worst case, the best clipped run 11. A tanh RNN tolerated a learning rate 3-5
times higher with clipping. Its best test accuracy rose by 2 to 5 points, but with 2
seeds that is within the noise. Clipping cannot repair NaN or infinite gradients, nor
vanishing ones. With Adam it matters mostly for spikes.

## Popular claims
- "it deals with exploding gradients": right. Most typical in recurrent nets and
  transformers.
- "values are forced element-wise to a minimum or maximum": only if you clip by value;
  the usual form rescales the norm.
- "numerical stability, but no performance improvement": wrong. It allows higher rates,
  and under a relaxed smoothness condition it can be arbitrarily faster than a fixed
  step.

## Watch for it
Log the norm before clipping. Over 90 % of steps clipped: the limit acts as a learning
rate. None: no effect. Largest over median above 20: heavy tail (all rough).

## Remedy
Clip by norm at about the 90th percentile of the logged norms, after unscale_ under
mixed precision. Also try a lower rate and look for outliers in the data.

## Sources
- Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural
  networks*
- Zhang, He, Sra & Jadbabaie 2020, *Why gradient clipping accelerates training: A
  theoretical justification for adaptivity*
- Zhang et al. 2020, *Why are Adaptive Methods Good for Attention Models?*
"""
