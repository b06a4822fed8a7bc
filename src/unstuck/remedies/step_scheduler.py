"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

step_scheduler = Remedy(
    advice=(
        "Step the scheduler in the unit its horizon is written in: once an epoch if it counts "
        "epochs, after each optimizer.step() if it counts updates."
    ),
    code="""for epoch in range(epochs):
    for x, y in loader:
        train_step(x, y)
    scheduler.step()  # T_max=epochs; or inside the loop with T_max=epochs * len(loader)""",
    judge=(
        "It acts over epochs: print the learning rate at the end of each, and compare with the "
        "schedule as it was meant."
    ),
)
