"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

early_stopping = Remedy(
    advice=(
        "Keep the weights of the best validation loss and stop when it has not improved for "
        "some epochs. More training data or augmentation helps more than any other remedy."
    ),
    code="""if validation_loss < best:
    best, best_state, waited = validation_loss, copy.deepcopy(model.state_dict()), 0
else:
    waited += 1
if waited == 5:
    model.load_state_dict(best_state)""",
    judge=(
        "It acts long after the first hundred steps: compare the best validation loss with "
        "that of the last epoch."
    ),
)
