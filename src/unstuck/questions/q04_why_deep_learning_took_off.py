"""What made powerful neural networks practical in industry?

## Answer
Several causes together: large data sets, faster hardware, better algorithms (ReLU,
initialisation, batch normalisation, residual connections, Adam), software with
automatic differentiation, and transfer learning. Universal approximation is not the
explanation. It says that a wide enough net exists for a continuous function on a
bounded region. It does not say that SGD finds it, how much data that takes, or what
happens outside. Polynomials and trees are universal too. Example: widening a tanh net
from 1 to 32 units on sin(2x) cut the error (RMSE) inside the training interval from
0.65 to 0.006-0.008, while outside it grew from 0.9 to 2.1-2.7. On Fashion-MNIST (one
seed) an MLP beat a linear model by 0.9 points with 100 images and by 3.2 with 1600.
Such examples illustrate the causes; they cannot prove the history.

## Popular claims
- "neural networks are universal function approximators": only if read as an existence
  result on a bounded region. It says nothing about learning, and other model families
  have it too.
- "transfer learning makes deep learning easier": right. It is a real driver where the
  source and target tasks are related (see q16).
- "faster and powerful computational resources": right. GPUs made large models
  affordable.
- "minutes with a GPU instead of days": only if the job is large and parallel; small
  nets gain little.
- "flexibility, transfer and hardware are the reasons": incomplete. Labelled data,
  algorithms and automatic-differentiation software are missing.

## Watch for it
Train on n/4, n/2 and n, with a linear baseline beside the net. A gap within one
standard deviation over seeds: the net buys nothing (rough; rule out short training).

## Remedy
Error still falls steeply with n: get more data or pre-training. Flat with high training
error: more capacity. Equal to the linear model: use the linear model. Judge on held-out
data.

## Sources
- Cybenko 1989, *Approximation by Superpositions of a Sigmoidal Function*
- Hornik, Stinchcombe & White 1989, *Multilayer Feedforward Networks are Universal
  Approximators*
- Raina, Madhavan & Ng 2009, *Large-scale Deep Unsupervised Learning using Graphics
  Processors*
- Deng et al. 2009, *ImageNet: A Large-Scale Hierarchical Image Database*
- Krizhevsky, Sutskever & Hinton 2012, *ImageNet Classification with Deep Convolutional
  Neural Networks*
- Yosinski et al. 2014, *How transferable are features in deep neural networks?*
- Sun et al. 2017, *Revisiting Unreasonable Effectiveness of Data in Deep Learning Era*
"""
