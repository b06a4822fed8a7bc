import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score


def prepare():
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    y = (y - y.mean()) / y.std()
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def make_model(n_features):
    return torch.nn.Sequential(
        torch.nn.Linear(n_features, 32),
        torch.nn.Tanh(),
        torch.nn.Linear(32, 1),
    )


def main():
    torch.manual_seed(10)
    X, y = prepare()
    model = make_model(X.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(1, 401):
        optimizer.zero_grad()
        pred = model(X).squeeze(1)
        loss = F.mse_loss(pred, y)
        loss.backward()
        optimizer.step()
        if epoch % 50 == 0:
            r2 = r2_score(y.numpy(), pred.detach().numpy().ravel())
            print(f"epoch {epoch}: mse={loss.item():.4f} r2={r2:.3f}")


if __name__ == "__main__":
    main()
