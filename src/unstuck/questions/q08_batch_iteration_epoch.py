"""What are batch, iteration and epoch?

## Answer
A batch is the set of examples used for one gradient; its count is the batch size B. An
iteration (step) is one parameter update. An epoch is one pass over the N training
examples. Updates per epoch = ceil(N / B), or floor with drop_last, divided by the
accumulation factor. With N = 1797 and B = 64 that is 29 (the last batch has 5
examples), or 28 with drop_last. The effective batch size is micro-batch x accumulation
x devices. Accumulating 4 x 32 gives the gradient of 128 exactly (gap 2e-17), but not
with batch normalisation (relative gap 0.17). Say which unit a budget is in: after 10
epochs on digits accuracy ran from 0.967 (B = 8) to 0.222 (B = 1200), but after 380
updates only from 0.917 to 0.938. Larger batches mean fewer updates per epoch. Scaling
the learning rate with B repaired B = 128, but B = 400 and 1200 only partly (rate capped
at 1).

## Popular claims
- "batch: the number of examples in one iteration": incomplete. That is the batch size;
  the batch is the set itself. Accumulation and several devices change the effective
  size.
- "iterations: the number of batches per epoch": wrong. One iteration is one update; the
  sheet describes iterations per epoch.
- "epoch: the complete dataset passed once": right. Except for streaming or sampling
  with replacement; the number of times is the epoch count.

## Watch for it
Count optimiser steps and compare with the formula. Look for a last batch of size 1 with
batch normalisation, and a loss not divided by the accumulation factor.

## Remedy
State N, B, updates per epoch and effective batch size. Retune the learning rate when B
changes. Use drop_last with batch normalisation.

## Sources
- Goyal et al. 2017, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*
- Shallue et al. 2019, *Measuring the Effects of Data Parallelism on Neural Network
  Training*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 8
"""
