"""Character language model; gradients are accumulated over micro-batches."""

import argparse

import torch
import torch.nn as nn

TEXT = (
    "the quick brown fox jumps over the lazy dog. "
    "a stitch in time saves nine. "
    "all that glitters is not gold. "
    "the early bird catches the worm. "
    "actions speak louder than words. "
    "where there is smoke there is fire. "
    "every cloud has a silver lining. "
    "fortune favours the bold. "
) * 6

parser = argparse.ArgumentParser()
parser.add_argument("--seq-len", type=int, default=32)
parser.add_argument("--micro-batch", type=int, default=8)
parser.add_argument("--accumulate", type=int, default=4)
parser.add_argument("--updates", type=int, default=160)
parser.add_argument("--hidden", type=int, default=64)
parser.add_argument("--lr", type=float, default=8e-3)
args = parser.parse_args()

torch.manual_seed(27)
chars = sorted(set(TEXT))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in TEXT])


class CharLM(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.decode = nn.Linear(hidden, vocab)
        self.log_softmax = nn.LogSoftmax(dim=-1)

    def forward(self, tokens):
        out, _ = self.gru(self.embed(tokens))
        return self.log_softmax(self.decode(out))


def get_micro_batch():
    start = torch.randint(0, len(data) - args.seq_len - 1, (args.micro_batch, 1))
    chunk = data[start + torch.arange(args.seq_len + 1)]
    return chunk[:, :-1], chunk[:, 1:]


model = CharLM(len(chars), args.hidden)
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

micro_steps = args.updates * args.accumulate
running = 0.0
optimizer.zero_grad()
for micro in range(1, micro_steps + 1):
    source, target = get_micro_batch()
    log_probs = model(source)
    loss = criterion(log_probs.reshape(-1, len(chars)), target.reshape(-1))
    (loss / args.accumulate).backward()
    running += loss.item()
    if micro % args.accumulate == 0:
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    if micro % (20 * args.accumulate) == 0:
        print(f"update {micro // args.accumulate} nll {running / (20 * args.accumulate):.4f}")
        running = 0.0
