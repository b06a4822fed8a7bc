"""Temporal convolution net: is the trigger motif present, and which of three is it?"""
import torch
from torch import nn, Tensor


class TCNBlock(nn.Module):
    def __init__(self, ch: int, dilation: int, p: float):
        super().__init__()
        self.conv = nn.Conv1d(ch, ch, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(ch)
        self.act = nn.ReLU()
        self.drop = nn.Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.drop(self.act(self.norm(self.conv(x))))


class TCN(nn.Module):
    def __init__(self, ch: int = 24, classes: int = 3):
        super().__init__()
        self.stem = nn.Conv1d(1, ch, 5, padding=2)
        self.blocks = nn.Sequential(*[TCNBlock(ch, 2 ** i, 0.15) for i in range(3)])
        self.head = nn.Linear(ch, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(torch.relu(self.stem(x))).amax(-1))


def describe(model: nn.Module, shape) -> None:
    model.eval()
    with torch.no_grad():
        out = model(torch.zeros(1, *shape))
    print("params:", sum(p.numel() for p in model.parameters()), "output:", tuple(out.shape))


def motifs(n: int, g: torch.Generator):
    shapes = torch.tensor([[0., 1, 2, 1, 0, -1, -2, -1], [2., 0, -2, 0, 2, 0, -2, 0], [0., .5, 1, 1.5, 2, -2, -1, 0]])
    y = torch.randint(0, 3, (n,), generator=g)
    x = 0.7 * torch.randn(n, 1, 64, generator=g)
    pos = torch.randint(0, 56, (n,), generator=g)
    for i in range(n):
        x[i, 0, pos[i]:pos[i] + 8] += shapes[y[i]]
    return x, y


class Trainer:
    def __init__(self, model, lr, batch):
        self.model, self.batch = model, batch
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        describe(model, (1, 64))
        self.model.train()

    def run(self, x, y, epochs):
        for epoch in range(epochs):
            total = 0.0
            for idx in torch.randperm(len(x)).split(self.batch):
                self.optimizer.zero_grad()
                loss = nn.functional.cross_entropy(self.model(x[idx]), y[idx])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(idx)
            print(f"epoch {epoch}  loss {total / len(x):.4f}")


torch.manual_seed(4)
g = torch.Generator().manual_seed(4)
x, y = motifs(2000, g)
trainer = Trainer(TCN(), lr=2e-3, batch=50)
trainer.run(x, y, 6)
xt, yt = motifs(500, g)
trainer.model.eval()
with torch.no_grad():
    print("test accuracy", (trainer.model(xt).argmax(1) == yt).float().mean().item())
