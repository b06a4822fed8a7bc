"""Runs that several tests read."""

import json

import pytest

FAULTY = """
import atexit, os, subprocess, sys
print("first line of work", file=sys.stderr, flush=True)
import torch
from torch import nn

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, n):
        return torch.full((4,), n / 64), n % 3

atexit.register(print, "AT EXIT", flush=True)
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
workers = 2
loader = torch.utils.data.DataLoader(Data(), batch_size=16, num_workers=workers)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
try:
    while True:
        batches = iter(loader)
        print(child.pid, *(w.pid for w in batches._workers), flush=True)
        for x, y in batches:
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sys.stdout.write("step ")
except BaseException:
    print("HANDLER", flush=True)
finally:
    print("FINALLY", flush=True)
    torch.save(net, "checkpoint.pt")
"""


@pytest.fixture(scope="session")
def checked(tmp_path_factory, new_place):
    """A place with the record of one check, which found softmax before cross-entropy."""
    place = new_place(tmp_path_factory.mktemp("checked"))
    place.write("train.py", FAULTY)
    # Files, not pipes: a child that stays would keep a pipe open, and the test waiting.
    with open(place.folder / "out", "w") as out, open(place.folder / "err", "w") as err:
        words = ["check", "--steps", "6", "--json", "r.json", "--html", "r.html", "train.py"]
        with place.start(place.console, *words, stdout=out, stderr=err) as process:
            place.code = process.wait(60)
    place.json = json.loads((place.folder / "r.json").read_text())
    return place
