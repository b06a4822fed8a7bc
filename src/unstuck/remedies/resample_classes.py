"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

resample_classes = Remedy(
    advice=(
        "Draw the rows so that every class comes equally often. The predicted probabilities are "
        "then no longer calibrated, and rare rows are seen many times."
    ),
    code="""counts = torch.bincount(labels)
weights = (1.0 / counts)[labels]
sampler = torch.utils.data.WeightedRandomSampler(weights.tolist(), len(labels))
loader = DataLoader(dataset, batch_size=32, sampler=sampler)""",
)
