"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

scale_inputs = Remedy(
    advice=(
        "Give every feature mean 0 and standard deviation 1, by numbers taken from the training "
        "data. Pixels from 0 to 255 may just be divided by 255."
    ),
    code="""mean, std = x_train.mean(0), x_train.std(0).clamp_min(1e-6)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std""",
)
