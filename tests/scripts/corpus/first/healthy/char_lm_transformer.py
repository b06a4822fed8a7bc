"""Character language model: a small causal transformer with tied embeddings."""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn import cluster, datasets, ensemble, linear_model, neighbors, svm


@dataclass
class Config:
    context: int = 48
    dim: int = 48
    heads: int = 4
    layers: int = 2
    batch: int = 24
    steps: int = 400
    warmup: int = 30
    lr: float = 4e-3
    dropout: float = 0.05


def load_text():
    documented = [
        linear_model.LogisticRegression,
        linear_model.Ridge,
        linear_model.SGDClassifier,
        ensemble.RandomForestClassifier,
        ensemble.GradientBoostingRegressor,
        neighbors.KNeighborsClassifier,
        cluster.KMeans,
        svm.SVC,
    ]
    parts = [datasets.load_wine().DESCR, datasets.load_breast_cancer().DESCR]
    parts += [cls.__doc__ for cls in documented]
    text = " ".join("\n".join(parts).lower().split())
    return "".join(c for c in text if c.isascii())


def split_blocks(ids, size=600, every=8):
    """Hold out one block in every eight, so both parts cover the same sources."""
    blocks = [b for b in ids.split(size) if len(b) == size]
    val = blocks[every // 2 :: every]
    train = [b for i, b in enumerate(blocks) if i % every != every // 2]
    return torch.stack(train), torch.stack(val)


class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.heads = cfg.heads
        self.qkv = nn.Linear(cfg.dim, 3 * cfg.dim)
        self.proj = nn.Linear(cfg.dim, cfg.dim)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (
            z.view(b, t, self.heads, d // self.heads).transpose(1, 2)
            for z in self.qkv(x).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(b, t, d))


class Layer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(cfg.dim), nn.LayerNorm(cfg.dim)
        self.attn = Attention(cfg)
        self.mlp = nn.Sequential(
            nn.Linear(cfg.dim, 4 * cfg.dim), nn.GELU(), nn.Linear(4 * cfg.dim, cfg.dim)
        )
        self.drop = nn.Dropout(cfg.dropout)

    def forward(self, x):
        x = x + self.drop(self.attn(self.ln1(x)))
        return x + self.drop(self.mlp(self.ln2(x)))


class CharLM(nn.Module):
    def __init__(self, vocab, cfg):
        super().__init__()
        self.tok = nn.Embedding(vocab, cfg.dim)
        self.pos = nn.Parameter(torch.zeros(cfg.context, cfg.dim))
        self.layers = nn.ModuleList(Layer(cfg) for _ in range(cfg.layers))
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, vocab, bias=False)
        self.apply(self._init)
        self.head.weight = self.tok.weight

    @staticmethod
    def _init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.04)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.zeros_(m.bias)

    def forward(self, ids):
        x = self.tok(ids) + self.pos[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def main():
    cfg = Config()
    torch.manual_seed(1337)
    text = load_text()
    chars = sorted(set(text))
    ids = torch.tensor([chars.index(c) for c in text])
    train, val = split_blocks(ids)

    def get_batch(blocks, size=cfg.batch):
        rows = torch.randint(len(blocks), (size, 1))
        starts = torch.randint(blocks.shape[1] - cfg.context, (size, 1))
        window = blocks[rows, starts + torch.arange(cfg.context + 1)]
        return window[:, :-1], window[:, 1:]

    def lr_at(step):
        if step < cfg.warmup:
            return (step + 1) / cfg.warmup
        done = (step - cfg.warmup) / (cfg.steps - cfg.warmup)
        return 0.1 + 0.45 * (1 + math.cos(math.pi * done))

    model = CharLM(len(chars), cfg)
    decay = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    opt = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0}],
        lr=cfg.lr,
        betas=(0.9, 0.98),
    )
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_at)

    for step in range(cfg.steps):
        model.train()
        x, y = get_batch(train)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.reshape(-1))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 50 == 0 or step == cfg.steps - 1:
            model.eval()
            with torch.no_grad():
                vx, vy = get_batch(val, 64)
                v = F.cross_entropy(model(vx).flatten(0, 1), vy.reshape(-1)).item()
            print(f"step {step:3d} train {loss.item():.3f} val {v:.3f}")


if __name__ == "__main__":
    main()
