"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

clean_inputs = Remedy(
    advice=(
        "Drop or fill the rows that are not finite before the training, and find out where they "
        "come from: empty fields, a division by a zero spread, the logarithm of 0."
    ),
    code="""good = torch.isfinite(x).all(1) & torch.isfinite(y)
x, y = x[good], y[good]""",
)
