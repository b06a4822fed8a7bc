import torch
import torch.nn as nn


class GraphConv(nn.Module):
    def __init__(self, din, dout):
        super().__init__()
        self.own, self.nbr = nn.Linear(din, dout), nn.Linear(din, dout, bias=False)

    def forward(self, h, adj):
        deg = adj.sum(-1, keepdim=True).clamp(min=1)
        return torch.relu(self.own(h) + self.nbr(adj @ h / deg))


class GraphNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.g1, self.g2 = GraphConv(4, d), GraphConv(d, d)
        self.read = nn.Sequential(nn.Linear(d, d), nn.SiLU(), nn.Linear(d, 1))

    def forward(self, h, adj):
        return self.read(self.g2(self.g1(h, adj), adj).mean(1)).squeeze(-1)


def molecules(n, nodes=10):
    kind = torch.randint(0, 4, (n, nodes))
    a = (torch.rand(n, nodes, nodes) < 0.25).float().triu(1)
    a = a + a.transpose(1, 2)
    charge = torch.tensor([-1.0, 0.2, 0.5, 1.0])[kind]
    energy = (charge.unsqueeze(1) @ a @ charge.unsqueeze(2)).flatten() / 4 + charge.mean(1)
    return nn.functional.one_hot(kind, 4).float(), a, energy + 0.05 * torch.randn(n)


def train(model, data, val, epochs, micro, accumulate, lr):
    h, a, e = data
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        model.train()
        opt.zero_grad()
        chunks = torch.randperm(len(e)).split(micro)
        total = 0.0
        for k, idx in enumerate(chunks):
            loss = nn.functional.mse_loss(model(h[idx], a[idx]), e[idx])
            (loss / accumulate).backward()
            total += loss.item()
            if (k + 1) % accumulate == 0:
                opt.step()
                opt.zero_grad()
        if epoch % 15 == 14:
            model.eval()
            with torch.no_grad():
                v = nn.functional.mse_loss(model(val[0], val[1]), val[2]).item()
            print(f"epoch {epoch + 1}: train {total / len(chunks):.4f} val {v:.4f}")


torch.manual_seed(16)
everything = molecules(1400)
mean, std = everything[2][:1100].mean(), everything[2][:1100].std()
h, a, e = everything[0], everything[1], (everything[2] - mean) / std
train(GraphNet(), (h[:1100], a[:1100], e[:1100]), (h[1100:], a[1100:], e[1100:]), epochs=150, micro=100, accumulate=4, lr=4e-3)
