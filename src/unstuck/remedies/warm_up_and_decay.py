"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

warm_up_and_decay = Remedy(
    advice=(
        "Let the learning rate rise over the first updates and fall like a cosine to the end. The "
        "first steps are the ones that a high rate spoils."
    ),
    code="""warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=steps // 10)
decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - steps // 10)
scheduler = torch.optim.lr_scheduler.SequentialLR(
    optimizer, [warm_up, decay], milestones=[steps // 10]
)  # scheduler.step() after each optimizer.step()""",
    breadth="learning rate",
)
