"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

scale_targets = Remedy(
    advice=(
        "Train on targets with mean 0 and standard deviation 1, and undo that in what is "
        "predicted. Take the numbers from the training data only."
    ),
    code="""mean, std = y_train.mean(), y_train.std()
loss = F.mse_loss(model(x), (y - mean) / std)
predicted = model(x) * std + mean""",
)
