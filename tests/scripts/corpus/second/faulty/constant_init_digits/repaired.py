import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class DigitClassifier(nn.Module):
    def __init__(self, hidden_size=64):
        super().__init__()
        self.fc_in = nn.Linear(64, hidden_size)
        self.fc_mid = nn.Linear(hidden_size, hidden_size)
        self.fc_out = nn.Linear(hidden_size, 10)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.1)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        x = F.leaky_relu(self.fc_in(x))
        x = F.leaky_relu(self.fc_mid(x))
        return self.fc_out(x)


class Trainer:
    def __init__(self, config):
        self.config = config
        torch.manual_seed(config["seed"])
        x, y = load_digits(return_X_y=True)
        self.x = torch.tensor(x, dtype=torch.float32) / 8 - 1
        self.y = torch.tensor(y)
        self.model = DigitClassifier(config["hidden_size"])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=config["lr"])

    def train_step(self):
        i = torch.randint(0, len(self.x), (self.config["batch_size"],))
        loss = F.cross_entropy(self.model(self.x[i]), self.y[i])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def evaluate(self):
        return (self.model(self.x).argmax(-1) == self.y).float().mean().item()

    def run(self):
        for step in range(1, self.config["max_steps"] + 1):
            loss = self.train_step()
            if step % self.config["log_every"] == 0:
                print({"step": step, "loss": round(loss, 4), "acc": round(self.evaluate(), 3)})


if __name__ == "__main__":
    Trainer(
        {
            "seed": 0,
            "hidden_size": 64,
            "lr": 2e-3,
            "batch_size": 64,
            "max_steps": 300,
            "log_every": 30,
        }
    ).run()
