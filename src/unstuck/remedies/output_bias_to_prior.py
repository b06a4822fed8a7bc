"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

output_bias_to_prior = Remedy(
    advice=(
        "Start the output bias at the logarithm of the class frequencies, and keep the first "
        "logits small. The first loss is then that of guessing by frequency."
    ),
    code="""share = torch.bincount(labels, minlength=classes) / len(labels)
model.output.bias.data = share.log()  # one output: the log-odds of class 1
torch.nn.init.normal_(model.output.weight, std=0.01)""",
)
