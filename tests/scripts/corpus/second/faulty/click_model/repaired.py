# Ad click model: hashed categorical features, a pair of embeddings and a small tower.
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(314)

N_USERS, N_ADS, N_SLOTS = 50, 40, 5


def simulate(n):
    users = torch.randint(0, N_USERS, (n,))
    ads = torch.randint(0, N_ADS, (n,))
    slots = torch.randint(0, N_SLOTS, (n,))
    score = taste[users, ads % 8] + 0.8 * slot_effect[slots] - 0.6
    return users, ads, slots, torch.bernoulli(torch.sigmoid(2.5 * score))


taste = torch.randn(N_USERS, 8)
slot_effect = torch.linspace(1, -1, N_SLOTS)
users, ads, slots, clicks = simulate(12000)


class ClickModel(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.user_emb = nn.Embedding(N_USERS, dim)
        self.ad_emb = nn.Embedding(N_ADS, dim)
        self.slot_emb = nn.Embedding(N_SLOTS, 4)
        self.fc1 = nn.Linear(2 * dim + 4, 64)
        self.fc2 = nn.Linear(64, 32)
        self.fc3 = nn.Linear(32, 1)

    def forward(self, u, a, s):
        z = torch.cat([self.user_emb(u), self.ad_emb(a), self.slot_emb(s)], dim=1)
        z = F.relu(self.fc1(z))
        z = F.relu(self.fc2(z))
        z = self.fc3(z)
        return torch.sigmoid(z).squeeze(1)


model = ClickModel()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
bce = nn.BCELoss()

print("click rate %.3f" % clicks.mean().item())
step = 0
for epoch in range(4):
    for rows in torch.randperm(len(clicks)).split(128):
        p = model(users[rows], ads[rows], slots[rows])
        loss = bce(p, clicks[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 47 == 0:
            print(f"step {step:4d}  logloss {loss.item():.4f}")
