import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)

TEXT = (
    "the quick brown fox jumps over the lazy dog and the lazy dog does not care "
    "because the sun is warm and the grass is soft and the day is long "
) * 12
CHARS = sorted(set(TEXT))
IDS = torch.tensor([CHARS.index(c) for c in TEXT])
BLOCK, DIM = 24, 48


class CausalLM(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.tok = nn.Embedding(vocab, DIM)
        self.pos = nn.Embedding(BLOCK, DIM)
        self.block = nn.TransformerEncoderLayer(
            DIM, 4, 4 * DIM, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(DIM)
        self.unembed = nn.Linear(DIM, vocab)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(BLOCK))

    def forward(self, ids):
        t = ids.shape[1]
        x = self.tok(ids) + self.pos(torch.arange(t))
        x = self.block(x, src_mask=self.mask[:t, :t], is_causal=True)
        return self.unembed(self.norm(x))


def next_token_scores(model, ids, temperature=1.0):
    return model(ids) / temperature


def smoothed_loss(scores, target, eps=0.05):
    logp = F.log_softmax(scores, dim=-1)
    nll = -logp.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    uniform = -logp.mean(dim=-1)
    return ((1 - eps) * nll + eps * uniform).mean()


def get_batch(size=24):
    starts = torch.randint(0, len(IDS) - BLOCK - 1, (size,))
    x = torch.stack([IDS[s : s + BLOCK] for s in starts])
    y = torch.stack([IDS[s + 1 : s + BLOCK + 1] for s in starts])
    return x, y


model = CausalLM(len(CHARS))
opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
warmup = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 20))

for step in range(250):
    x, y = get_batch()
    loss = smoothed_loss(next_token_scores(model, x), y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    warmup.step()
    if step % 25 == 0:
        print(f"{step:>4} {loss.item():.4f}")
