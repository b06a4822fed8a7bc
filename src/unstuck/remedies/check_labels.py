"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

check_labels = Remedy(
    advice=(
        "Look at a few inputs beside their labels as the loss receives them. Usual causes are one of two "
        "lists that was sorted, shuffled or filtered alone, and an index that is off by one."
    ),
    code="""for x, y in itertools.islice(loader, 3):
    for sample, label in zip(x[:4], y[:4]):
        show(sample, names[label])""",
    judge=(
        "Which label is right no replay can know: compare some by eye, and train again when they "
        "are corrected."
    ),
)
