"""What happens with a ReLU in front of a sigmoid output?

## Answer
It depends on where the ReLU is. ReLU in the hidden layers followed by a linear output
layer and a sigmoid is the ordinary binary classifier and works: the output weights can
be negative, so the logit can be too. A ReLU applied to the logit itself is a bug. Then
the logit is never negative and p is never below 0.5. Whether only one class is
predicted depends on the decision rule: with p >= 0.5 everything is positive (accuracy
0.615 on breast cancer data); with p > 0.5 or round() the negatives sit at exactly 0.5
and count as class 0, so accuracy looks normal (0.982-0.988). The damage is there all
the same: the log-loss cannot fall below the share of negatives x ln 2 (0.284-0.292
measured, against 0.025 without the bug), probabilities are wrong (Brier 0.10 against
0.007), and an inactive logit passes no gradient.

## Popular claims
- "ReLU layers, then a sigmoid: one class for all inputs": wrong. With a linear output
  layer in between, as usual, it works.
- "because the output of a ReLU is never negative": only if the ReLU is on the logit
  itself and the rule is p >= 0.5; with p > 0.5 both classes still appear.

## Watch for it
On a probe set with both classes: smallest p at 0.5 or above, or more than 1 % of p at
exactly 0.5 (rough). Models meant to have non-negative logits are an exception.

## Remedy
Remove the activation before the loss and use BCEWithLogitsLoss. Then the smallest p
drops below 0.05 (rough), and the log-loss falls below its old floor.

## Sources
- PyTorch documentation, *BCEWithLogitsLoss*
"""
