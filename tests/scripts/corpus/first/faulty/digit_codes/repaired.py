import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def init_weights(module):
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class AutoEncoder(nn.Module):
    def __init__(self, code=12):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 40), nn.ELU(), nn.Linear(40, code), nn.Tanh())
        self.decoder = nn.Sequential(nn.Linear(code, 40), nn.ELU(), nn.Linear(40, 64))
        self.apply(init_weights)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main():
    torch.manual_seed(40)
    pixels = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
    loader = DataLoader(TensorDataset(pixels), batch_size=64, shuffle=True)
    model = AutoEncoder()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(10):
        errors = []
        for (x,) in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            errors.append(loss.item())
        print(f"epoch {epoch}: reconstruction error {sum(errors) / len(errors):.5f}")


if __name__ == "__main__":
    main()
