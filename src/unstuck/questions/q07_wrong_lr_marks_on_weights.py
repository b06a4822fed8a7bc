"""What does an ill-chosen learning rate do to the weights?

## Answer
Too low leaves them near their random start, so first-layer filters still look like
noise. Too high makes them huge and kills ReLU units; the filters then look smoother,
not noisier. On Fashion-MNIST (MLP, SGD with momentum, 2 seeds) the relative change of
the weights was 0.01 at lr 1e-5, 0.72 at 0.01 and 13 at 0.3; dead units were 0, 0 and 56
%; test accuracy 0.19, 0.80 and 0.24. The correlation of neighbouring pixels in a filter
(0 means white noise) rose all the way, from 0.00 through 0.22 to 0.83, while the best
model was in the middle. So noisy filters are neither necessary nor sufficient for a bad
rate: short training and weak regularisation give them too. Open point: these images are
small, grey and smooth; filters on natural images need larger data to judge.

## Popular claims
- "with images, an improper rate causes noisy features": only if the rate is too low.
  Too high a rate gave smoother, huge filters and dead units. Noise has other causes
  too.
- "it determines prediction quality; unconverged network": right. But generic: the sheet
  does not say which sign shows which direction.

## Watch for it
Rough: relative change below 0.05 after 5 epochs (not moved); above 5, or dead units
above 30 % (blown). Frozen layers, filters below 5x5 and batch normalisation mislead.

## Remedy
Multiply the rate by 10 if the filters have not moved, divide by 10 if they blew up;
consider weight decay. Aim for a relative change of 0.1 to 3 and under 10 % dead units.

## Sources
- CS231n course notes, *Visualizing what ConvNets learn* (noisy and dead filters)
"""
