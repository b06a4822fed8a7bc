"""Will a visitor buy? Logistic loss written out."""

import numpy as np
import torch

rs = np.random.RandomState(0)
torch.manual_seed(0)

n, d = 3000, 12
visits = rs.randn(n, d).astype("float32")
w = rs.randn(d)
score = visits @ w * 0.6 + 1.5 * visits[:, 0] * visits[:, 1] - 0.3
bought = (score + rs.logistic(size=n) * 0.5 > 0).astype("float32")


class BuyerNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = torch.nn.Linear(d, 40)
        self.l2 = torch.nn.Linear(40, 1)

    def forward(self, x):
        return self.l2(torch.nn.functional.leaky_relu(self.l1(x)))


def logistic_loss(z, label):
    # log(1 + e^z) - label * z, stable for large |z|
    return (z.clamp(min=0) + torch.log1p(torch.exp(-z.abs())) - label * z).mean()


net = BuyerNet()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
B = 40
for epoch in range(5):
    order = rs.permutation(n)
    acc_loss = 0.0
    for k in range(0, n, B):
        sel = order[k : k + B]
        xb = torch.from_numpy(visits[sel])
        yb = torch.from_numpy(bought[sel])
        z = net(xb).flatten()
        loss = logistic_loss(z, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        acc_loss += loss.item() * len(sel)
    print("epoch", epoch, "loss %.4f" % (acc_loss / n))
