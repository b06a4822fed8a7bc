"""Two-headed recommender: predicts a rating and a click from user and item ids."""

import torch
import torch.nn as nn
import torch.nn.functional as F

N_USERS, N_ITEMS, RANK = 200, 120, 4


def simulate(n, gen):
    user_taste = torch.randn(N_USERS, RANK, generator=gen)
    item_style = torch.randn(N_ITEMS, RANK, generator=gen)
    item_appeal = torch.randn(N_ITEMS, generator=gen)
    users = torch.randint(N_USERS, (n,), generator=gen)
    items = torch.randint(N_ITEMS, (n,), generator=gen)
    match = (user_taste[users] * item_style[items]).sum(1) / RANK**0.5
    rating = match + 0.1 * torch.randn(n, generator=gen)
    click_p = torch.sigmoid(2.0 * item_appeal[items] + match)
    click = torch.bernoulli(click_p, generator=gen)
    return users, items, rating, click


class Tables(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.user = nn.Embedding(N_USERS, dim, sparse=True)
        self.item = nn.Embedding(N_ITEMS, dim, sparse=True)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)

    def forward(self, users, items):
        return self.user(users), self.item(items)


class Towers(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3 * dim, 64), nn.ReLU())
        self.rating = nn.Linear(64, 1)
        self.click = nn.Linear(64, 1)

    def forward(self, u, i):
        h = self.trunk(torch.cat([u, i, u * i], dim=1))
        return self.rating(h).squeeze(1), self.click(h).squeeze(1)


def losses(tables, towers, batch):
    users, items, rating, click = batch
    pred_rating, click_logit = towers(*tables(users, items))
    return (
        F.mse_loss(pred_rating, rating),
        F.binary_cross_entropy_with_logits(click_logit, click),
    )


def main():
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(11)
    data = simulate(22000, gen)
    train = [t[:20000] for t in data]
    held_out = [t[20000:] for t in data]

    tables, towers = Tables(8), Towers(8)
    opt_tables = torch.optim.SparseAdam(list(tables.parameters()), lr=5e-3)
    opt_towers = torch.optim.AdamW(towers.parameters(), lr=3e-3, weight_decay=1e-4)

    for step in range(800):
        idx = torch.randint(20000, (256,), generator=gen)
        rating_loss, click_loss = losses(tables, towers, [t[idx] for t in train])
        loss = rating_loss + 0.5 * click_loss

        opt_tables.zero_grad()
        opt_towers.zero_grad()
        loss.backward()
        opt_tables.step()
        opt_towers.step()

        if step % 100 == 0 or step == 799:
            print(
                f"step {step:4d} loss {loss.item():.4f} "
                f"rating {rating_loss.item():.4f} click {click_loss.item():.4f}"
            )

    with torch.no_grad():
        rating_loss, click_loss = losses(tables, towers, held_out)
    print(f"held-out rating mse {rating_loss:.4f} click bce {click_loss:.4f}")


if __name__ == "__main__":
    main()
