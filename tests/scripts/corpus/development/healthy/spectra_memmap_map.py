import pathlib
import shutil
import tempfile
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

ROWS, WIDTH = 30000, 1000


class SpectraFile(Dataset):
    def __init__(self, path, start, stop):
        self.map = np.load(path, mmap_mode="r")
        self.conc = np.load(path.with_name("conc.npy"))
        self.start, self.stop = start, stop

    def __len__(self):
        return self.stop - self.start

    def __getitem__(self, i):
        row = np.array(self.map[self.start + i])
        return torch.from_numpy(row), torch.tensor(self.conc[self.start + i])


def generate(path):
    rng = np.random.default_rng(0)
    conc = rng.normal(size=(ROWS, 3)).astype(np.float32)
    axis = np.linspace(0, 1, WIDTH, dtype=np.float32)
    peaks = np.stack([np.exp(-((axis - c) / 0.04) ** 2) for c in (0.25, 0.5, 0.72)]).astype(np.float32)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(ROWS, WIDTH))
    for s in range(0, ROWS, 3000):
        out[s:s + 3000] = conc[s:s + 3000] @ peaks + 0.5 * rng.standard_normal((3000, WIDTH), dtype=np.float32)
    out.flush()
    np.save(path.with_name("conc.npy"), conc)


folder = pathlib.Path(tempfile.mkdtemp())
try:
    torch.manual_seed(1)
    generate(folder / "spectra.npy")
    train = DataLoader(SpectraFile(folder / "spectra.npy", 0, 28000), batch_size=70, shuffle=True)
    valid = DataLoader(SpectraFile(folder / "spectra.npy", 28000, 29000), batch_size=250)
    net = nn.Sequential(nn.Linear(WIDTH, 48), nn.ReLU(), nn.Linear(48, 3))
    opt = torch.optim.Adam(net.parameters(), lr=5e-4)
    for step, (x, c) in enumerate(train, 1):
        loss = nn.functional.mse_loss(net(x), c)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 80 == 0:
            with torch.no_grad():
                v = np.mean([nn.functional.mse_loss(net(a), b).item() for a, b in valid])
            print("step", step, "train", round(loss.item(), 4), "valid", round(float(v), 4))
finally:
    shutil.rmtree(folder, ignore_errors=True)
