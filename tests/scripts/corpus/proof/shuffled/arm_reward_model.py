import torch
import torch.nn as nn

torch.manual_seed(45)
ARMS, CTX = 6, 5
theta = torch.randn(ARMS, CTX)


def play_log(n):
    """logged plays of a random policy in a contextual bandit"""
    ctx = torch.randn(n, CTX)
    arm = torch.randint(0, ARMS, (n,))
    reward = torch.tanh((theta[arm] * ctx).sum(1)) + 0.2 * torch.randn(n)
    return ctx, arm, reward


class RewardModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.ctx = nn.Linear(CTX, 48)
        self.arm = nn.Embedding(ARMS, 48)
        self.out = nn.Sequential(nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))

    def forward(self, c, a):
        return self.out(self.ctx(c) * self.arm(a) + self.arm(a)).squeeze(-1)


def huber(e, k=1.0):
    a = e.abs()
    return torch.where(a < k, 0.5 * e * e, k * (a - 0.5 * k)).mean()


ctx, arm, reward = play_log(4000)
reward = reward[torch.randperm(4000)]
model = RewardModel()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(6):
    run = 0.0
    for b in torch.randperm(3400).split(68):
        loss = huber(reward[b] - model(ctx[b], arm[b]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item() / 50
    with torch.no_grad():
        v = huber(reward[3400:] - model(ctx[3400:], arm[3400:])).item()
        c = torch.randn(2000, CTX)
        est = torch.stack([model(c, torch.full((2000,), a)) for a in range(ARMS)], 1)
        value = torch.tanh((theta[est.argmax(1)] * c).sum(1)).mean().item()
    print(f"epoch {epoch} fit {run:.4f} held-out {v:.4f} value of greedy policy {value:.3f}")
