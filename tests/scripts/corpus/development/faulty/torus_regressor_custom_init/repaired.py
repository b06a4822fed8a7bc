import numpy as np
import torch
import torch.nn as nn

rng = np.random.RandomState(8)
torch.manual_seed(8)


class DeepTanh(nn.Module):
    def __init__(self, n_in, width, depth, n_out):
        super().__init__()
        dims = [n_in] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims[:-1], dims[1:]))
        self.out = nn.Linear(width, n_out)
        self.reset()

    def reset(self):
        for layer in self.layers:
            r = (6.0 / (layer.in_features + layer.out_features)) ** 0.5
            layer.weight.data.uniform_(-r, r)
            layer.bias.data.fill_(0)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(x)


# predict two functions of a point on a torus
angles = rng.uniform(-np.pi, np.pi, size=(4000, 2))
inputs = np.concatenate([np.sin(angles), np.cos(angles)], axis=1) * np.sqrt(2)
outputs = np.stack([np.sin(angles[:, 0] + angles[:, 1]), np.cos(angles[:, 0]) * np.sin(angles[:, 1])], axis=1)
outputs = (outputs - outputs.mean(0)) / outputs.std(0)
inputs, outputs = torch.Tensor(inputs), torch.Tensor(outputs)
x_tr, y_tr, x_te, y_te = inputs[:3200], outputs[:3200], inputs[3200:], outputs[3200:]

net = DeepTanh(4, 64, 6, 2)
sgd = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
it = 0
for epoch in range(8):
    order = rng.permutation(len(x_tr))
    for k in range(0, len(order), 64):
        sel = order[k:k + 64]
        loss = nn.functional.mse_loss(net(x_tr[sel]), y_tr[sel])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        it += 1
    with torch.no_grad():
        print('iter', it, 'train', loss.item(), 'test', nn.functional.mse_loss(net(x_te), y_te).item())
