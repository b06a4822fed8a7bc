"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

redraw_initialisation = Remedy(
    advice=(
        "Draw the hidden weights at random; biases may stay zero. The layers of torch.nn do so by "
        "themselves when nothing overwrites them."
    ),
    code="""for layer in model.modules():
    if isinstance(layer, torch.nn.Linear):
        torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        torch.nn.init.zeros_(layer.bias)""",
)
