"""Re-identification of animals by whisker-spot vectors: triplet loss with mined negatives."""
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(33)
torch.manual_seed(33)
N_ANIMALS, PER, D = 60, 20, 30
centres = rng.standard_normal((N_ANIMALS, 8))
mix = rng.standard_normal((8, D)) / np.sqrt(8)


def sightings(animals):
    ids = np.repeat(animals, PER)
    latent = centres[ids] + 0.3 * rng.standard_normal((len(ids), 8))
    nuisance = rng.standard_normal((len(ids), D)) * np.r_[np.full(15, 0.2), np.full(15, 0.7)]
    x = np.tanh(latent @ mix) + nuisance
    return torch.tensor(x, dtype=torch.float32), torch.tensor(ids)


train_x, train_id = sightings(np.arange(45))
test_x, test_id = sightings(np.arange(45, 60))

net = nn.Sequential(
    nn.Linear(D, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 12),
)


def embed_all(x):
    net.eval()
    with torch.no_grad():
        return net(x)


def mine(x, ids):
    """For each anchor: a random positive and one of the 40 nearest negatives."""
    z = embed_all(x)
    dist = torch.cdist(z, z)
    dist[ids[:, None] == ids[None, :]] = float("inf")
    near = dist.topk(40, largest=False).indices
    neg = near[torch.arange(len(ids)), torch.randint(40, (len(ids),))]
    pos = (torch.arange(len(ids)) // PER) * PER + torch.randint(PER, (len(ids),))
    return pos, neg


def top1(x, ids):
    dist = torch.cdist(*[embed_all(x)] * 2)
    dist.fill_diagonal_(float("inf"))
    return (ids[dist.argmin(1)] == ids).float().mean().item()


criterion = nn.TripletMarginLoss(margin=1.0)
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
print("untrained top-1", round(top1(test_x, test_id), 3))
for epoch in range(20):
    pos, neg = mine(train_x, train_id)
    net.train()
    losses = []
    for anchor in torch.randperm(len(train_id)).split(50):
        trio = torch.cat([anchor, pos[anchor], neg[anchor]])
        a, p, n = net(train_x[trio]).chunk(3)
        loss = criterion(a, p, n)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 2 == 1:
        print(f"epoch {epoch}: triplet loss {np.mean(losses):.3f} top-1 {top1(test_x, test_id):.3f}")
