"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

map_data = Remedy(
    advice=(
        "Keep the file mapped and convert each batch, not the whole array. Compressed .npz files "
        "cannot be mapped: save as .npy once."
    ),
    code="""data = np.load("train.npy", mmap_mode="r")
batch = torch.from_numpy(data[rows].astype(np.float32))  # each batch""",
    judge=(
        "It changes memory, not what is learned: compare the memory of the process before and "
        "after."
    ),
)
