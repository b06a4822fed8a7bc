"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

remove_activation_before_loss = Remedy(
    advice=(
        "End the network with a linear layer and give its output, the logits, to the loss. The "
        "activation belongs between hidden layers."
    ),
    code="""logits = output_layer(relu(hidden_layer(x)))  # no activation after the last layer
loss = criterion(logits, target)""",
)
