"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

no_grad_in_validation = Remedy(
    advice=("Run validation without gradients: no graph is built, and memory and time are saved."),
    code="""model.eval()
with torch.no_grad():
    loss = loss_function(model(x), y)""",
    judge="It changes memory and time, not what is learned: compare both over one validation.",
)
