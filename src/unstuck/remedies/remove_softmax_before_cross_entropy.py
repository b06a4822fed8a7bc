"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

remove_softmax_before_cross_entropy = Remedy(
    advice=(
        "Give the logits to the loss: cross_entropy applies log-softmax itself. Keep the softmax "
        "for prediction only."
    ),
    code="""loss = torch.nn.functional.cross_entropy(logits, target)
probabilities = logits.softmax(dim=1)  # outside the loss""",
)
