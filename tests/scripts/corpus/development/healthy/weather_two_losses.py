# Joint model: will it rain (yes/no) and tomorrow's temperature; loss weights are learned
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def synth(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=g)
    front = torch.tanh(x[:, 0] * x[:, 1] + x[:, 2])
    rain = (2.5 * front + x[:, 3] - 0.2 + 0.3 * torch.randn(n, generator=g) > 0).float()
    temp = x[:, 4] + 0.8 * torch.sin(2 * x[:, 5]) - 0.7 * front + 0.2 * torch.randn(n, generator=g)
    return x, rain, temp / 1.3


class JointNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, width), nn.Mish(), nn.Linear(width, width), nn.Mish())
        self.heads = nn.ModuleDict({'rain': nn.Linear(width, 1), 'temp': nn.Linear(width, 1)})

    def forward(self, x):
        h = self.body(x)
        return {k: head(h).squeeze(-1) for k, head in self.heads.items()}


class Trainer:
    def __init__(self, lr=3e-3):
        torch.manual_seed(88)
        self.net = JointNet()
        self.log_var = nn.Parameter(torch.zeros(2))
        self.opt = torch.optim.AdamW([{'params': self.net.parameters()},
                                      {'params': [self.log_var], 'weight_decay': 0.0, 'lr': 5 * lr}], lr=lr)
        self.train_dl = DataLoader(TensorDataset(*synth(4800, 1)), batch_size=80, shuffle=True)
        self.val = synth(800, 2)

    def losses(self, out, rain, temp):
        return torch.stack([nn.functional.binary_cross_entropy_with_logits(out['rain'], rain),
                            nn.functional.mse_loss(out['temp'], temp)])

    def epoch(self):
        self.net.train()
        for x, rain, temp in self.train_dl:
            parts = self.losses(self.net(x), rain, temp)
            loss = (torch.exp(-self.log_var) * parts + 0.5 * self.log_var).sum()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()

    @torch.no_grad()
    def report(self, e):
        self.net.eval()
        x, rain, temp = self.val
        out = self.net(x)
        a = ((out['rain'] > 0).float() == rain).float().mean()
        print(f"epoch {e}: rain acc {a:.3f} temp mse {(out['temp'] - temp).pow(2).mean():.4f} weights {torch.exp(-self.log_var).tolist()}")


t = Trainer()
for e in range(11):
    t.epoch()
    t.report(e)
