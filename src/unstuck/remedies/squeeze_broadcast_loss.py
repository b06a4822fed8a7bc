"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

squeeze_broadcast_loss = Remedy(
    advice=(
        "Bring predictions and targets to the same shape before the loss. An assertion keeps it so."
    ),
    code="""prediction = model(x).squeeze(1)  # (N, 1) -> (N,)
assert prediction.shape == y.shape
loss = torch.nn.functional.mse_loss(prediction, y)""",
)
