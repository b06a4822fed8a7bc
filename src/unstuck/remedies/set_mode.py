"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

set_mode = Remedy(
    advice=(
        "Call model.train() before the training part of each epoch and model.eval() before "
        "each validation. Between the two nothing else should change the mode."
    ),
    code="""model.train()
for x, y in training_loader:
    step(x, y)
model.eval()
with torch.no_grad():
    validate(validation_loader)""",
)
