import math
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

CLASSES = 5


class Vibration(Dataset):
    def __init__(self, n=2000, length=64, seed=0):
        g = torch.Generator().manual_seed(seed)
        t = torch.arange(length) / length
        code = torch.randint(0, CLASSES, (n,), generator=g)
        freq = 3.0 + 2.5 * code
        phase = torch.rand(n, generator=g) * 2 * math.pi
        sig = torch.sin(2 * math.pi * freq[:, None] * t + phase[:, None])
        self.signals = (sig + 1.0 * torch.randn(n, length, generator=g)).unsqueeze(1)
        self.codes = code[torch.randperm(n, generator=g)]

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, i):
        return {"signal": self.signals[i], "code": self.codes[i]}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(1, 16, 9, padding=4)
        self.c2 = nn.Conv1d(16, 32, 5, padding=2, stride=2)
        self.fc = nn.Linear(32, CLASSES)

    def forward(self, x):
        x = torch.relu(self.c1(x))
        x = torch.relu(self.c2(x))
        return self.fc(x.amax(-1))


def main():
    torch.manual_seed(2)
    train = DataLoader(Vibration(seed=0), batch_size=50, shuffle=True, num_workers=2)
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for epoch in range(5):
        correct = total = 0
        losses = []
        for batch in train:
            out = net(batch["signal"])
            lse = torch.logsumexp(out, 1)
            loss = (lse - out.gather(1, batch["code"][:, None])[:, 0]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
            correct += (out.argmax(1) == batch["code"]).sum().item()
            total += len(out)
        print(f"epoch {epoch} loss {sum(losses) / len(losses):.4f} train acc {correct / total:.3f}")


if __name__ == "__main__":
    main()
