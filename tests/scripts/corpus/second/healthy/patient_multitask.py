"""Three outcomes from one shared body: length of stay, readmission, ward."""

import torch
import torch.nn.functional as F
from sklearn.preprocessing import scale
from torch import nn

CONFIG = {
    "n": 4000,
    "features": 15,
    "body": [48, 32],
    "task_weight": {"stay": 1.0, "readmit": 1.0, "ward": 0.5},
    "lr": 3e-3,
    "bs": 80,
    "epochs": 7,
}


def cohort(n, d):
    x = torch.randn(n, d)
    severity = x[:, 0] + 0.5 * x[:, 1] ** 2 - 0.7 * x[:, 2]
    stay = torch.exp(0.4 * severity + 0.2 * torch.randn(n))
    readmit = torch.bernoulli(torch.sigmoid(2 * severity - 1.5 + x[:, 3]))
    ward = torch.stack([x[:, 4], x[:, 5], x[:, 6], x[:, 0]], dim=1).argmax(1)
    stay = torch.tensor(scale(torch.log(stay).numpy()), dtype=torch.float32)
    return x, {"stay": stay.unsqueeze(1), "readmit": readmit.unsqueeze(1), "ward": ward}


class MultiHead(nn.Module):
    def __init__(self, d, widths):
        super().__init__()
        layers = []
        for w in widths:
            layers += [nn.Linear(d, w), nn.LayerNorm(w), nn.ReLU()]
            d = w
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleDict(
            {"stay": nn.Linear(d, 1), "readmit": nn.Linear(d, 1), "ward": nn.Linear(d, 4)}
        )

    def forward(self, x):
        h = self.body(x)
        return {name: head(h) for name, head in self.heads.items()}


LOSSES = {
    "stay": F.mse_loss,
    "readmit": F.binary_cross_entropy_with_logits,
    "ward": F.cross_entropy,
}

if __name__ == "__main__":
    torch.manual_seed(51)
    x, targets = cohort(CONFIG["n"], CONFIG["features"])
    model = MultiHead(CONFIG["features"], CONFIG["body"])
    opt = torch.optim.Adam(model.parameters(), lr=CONFIG["lr"])
    for epoch in range(CONFIG["epochs"]):
        sums = dict.fromkeys(LOSSES, 0.0)
        batches = torch.randperm(len(x)).split(CONFIG["bs"])
        for idx in batches:
            out = model(x[idx])
            parts = {k: fn(out[k], targets[k][idx]) for k, fn in LOSSES.items()}
            total = sum(CONFIG["task_weight"][k] * v for k, v in parts.items())
            opt.zero_grad()
            total.backward()
            opt.step()
            for k, v in parts.items():
                sums[k] += v.item()
        line = "  ".join(f"{k} {s / len(batches):.4f}" for k, s in sums.items())
        print(f"epoch {epoch}  {line}")
