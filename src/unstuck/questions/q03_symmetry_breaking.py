"""Can a network be trained with all weights zero, or all equal?

## Answer
Not usefully, unless something else makes the hidden units differ. With all weights and
biases zero it depends on the activation. ReLU or tanh: every weight gradient is exactly
zero, only the output bias learns, and the net predicts the class shares (loss 2.30069,
their entropy). Sigmoid: weights move, but all hidden units stay identical, so the net
acts like one of width 1 (accuracy 0.261). Any other constant has the same effect:
identical units get identical gradients. Exceptions: softmax regression has no hidden
units and reached 0.958 from zero; zeroing only the output layer equals random (0.970
and 0.968, ReLU); zeroing only the hidden layer stalls ReLU (0.075) but not tanh
(0.978). Dropout breaks the tie: a constant start with dropout reached 0.966. Rounding
can also split equal units after many steps.

## Popular claims
- "with zero weights it never learns": only if there are hidden layers and nothing
  breaks the tie. Even then the output bias learns, and with sigmoid the net learns like
  one of width 1.
- "the derivatives are the same for every w": wrong. They are equal across the hidden
  units of a layer, but differ across inputs and across output classes.
- "any constant start is poor": only if training treats all units alike. Dropout, random
  biases or structured constants (identity, Hadamard) break the tie.

## Watch for it
Over 10 % of unit pairs in a layer with |cosine| > 1 - 1e-6 (rough), or weight gradients
exactly 0 but not the output bias's. Zero-init residual or LoRA layers are fine.

## Remedy
Re-initialise the hidden layers with He or Glorot values. Then the rank of the first
weight matrix is full and the loss drops below the entropy of the class shares within
one epoch.

## Sources
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 8.4
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- Zhang et al., *Dive into Deep Learning*, section 5.4
- Le, Jaitly & Hinton 2015, *A Simple Way to Initialize Recurrent Networks of Rectified
  Linear Units*
- Zhang, Dauphin & Ma 2019, *Fixup Initialization: Residual Learning Without
  Normalization*
- Zhao et al. 2021, *ZerO Initialization: Initializing Neural Networks with only Zeros
  and Ones*
"""
