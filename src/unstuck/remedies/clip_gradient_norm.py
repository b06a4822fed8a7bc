"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

clip_gradient_norm = Remedy(
    advice=(
        "Clip the norm of the gradient between backward and step, at about the 90th percentile of "
        "the norms of healthy steps. It stops single spikes, not a learning rate that is too high."
    ),
    code="""loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
optimizer.step()""",
    breadth="panacea",
)
