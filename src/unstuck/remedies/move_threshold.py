"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

move_threshold = Remedy(
    advice=(
        "Choose the threshold on validation data for the measure that counts, instead of one half. "
        "The training stays as it is, and so do the probabilities."
    ),
    code="""share = labels.float().mean()
predicted = torch.sigmoid(model(x)) > share  # or the best threshold in validation""",
    judge=(
        "It changes decisions, not the training: compare recall and precision on validation "
        "data at both thresholds."
    ),
)
