"""Can a network be trained with all biases starting at zero?

## Answer
Yes. Zero is the usual start for biases, as long as the weights are random. Random
weights already make the units differ, and the bias gradient is not zero, so the biases
move. On a digits MLP with He weights (10 paired seeds) test accuracy was 0.967 both
with zero biases and with uniform random ones; biases frozen at zero still gave 0.966.
What hurts is a strongly negative start, which kills ReLU units: accuracy 0.19 at -1,
and 0.075 with every unit dead at -5. Exceptions: for a rare class, set the output bias
to log(p / (1 - p)), with p its share (start loss 0.098 instead of 0.683 at p = 2 %);
LSTM forget gates often start at 1; a bias right before batch normalisation is
redundant; zero biases together with zero weights do not work (see q03).

## Popular claims
- "yes, there is a possibility that it learns": right. But it understates: zero is the
  standard choice, not a lucky case.

## Watch for it
Before step 1: more than 50 % dead ReLU units, or a rare-class head whose start loss is
above 2x the entropy of the class shares (rough). Zero biases alone are no warning.

## Remedy
Raise negative biases to 0; set the output bias to the log-odds of the class share. Then
the start loss is near the entropy of the shares and the dead share falls.

## Sources
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- He et al. 2015, *Delving Deep into Rectifiers*
- Jozefowicz, Zaremba & Sutskever 2015, *An Empirical Exploration of Recurrent Network
  Architectures*
- Lin et al. 2017, *Focal Loss for Dense Object Detection*
"""
