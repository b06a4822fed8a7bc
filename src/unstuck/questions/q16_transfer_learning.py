"""What is transfer learning?

## Answer
Using what was learned on one task or data set to do better on another. The usual form
in deep learning is to start from pre-trained weights; domain adaptation and reuse of
source examples also count. It pays when the source is related and target data are few;
the gain shrinks as data grow and can be zero or negative. Related digits (pre-trained
on 0-4, target 5-9, 3 seeds): with 5 images per class fine-tuning reached 0.830,
training from scratch 0.697, a frozen backbone 0.763. With 100 per class it was 0.925,
0.900 and 0.832: most of the gain is gone, and the frozen backbone loses. A backbone
pre-trained on random labels and then frozen gave only 0.340 (5 per class), so weights
that were merely trained are not enough. On split Fashion-MNIST there was no clear gain:
0.760 fine-tuned, 0.751 from scratch.

## Popular claims
- "features and weights of one task are reused for another": right. Though the term also
  covers domain adaptation and reuse of data.
- "works well when data are limited": only if the source is related; the gain shrinks
  with more target data and can be negative.
- "without learning everything from scratch": only if the labels stay the same; with new
  labels at least the output layer starts from scratch.

## Watch for it
A run from scratch at the same budget is as good. Or a linear probe on your backbone is
no better than on a randomly initialised one. Check that input normalisation matches.

## Remedy
Choose the source by its probe score and fine-tune, or drop pre-training. Keep it only
if the paired gain exceeds the standard deviation over seeds.

## Sources
- Pan & Yang 2010, *A Survey on Transfer Learning*
- Yosinski et al. 2014, *How transferable are features in deep neural networks?*
- He, Girshick & Dollar 2019, *Rethinking ImageNet Pre-training*
- Wang et al. 2019, *Characterizing and Avoiding Negative Transfer*
"""
