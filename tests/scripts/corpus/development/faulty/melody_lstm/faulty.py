"""Next-note prediction on generated melodies."""
import torch
from torch import nn


class MelodyGenerator:
    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        self.steps = torch.tensor([2, 2, 1, 2, 2, 2, 1])

    def batch(self, n, length):
        start = torch.randint(0, 12, (n, 1), generator=self.g)
        direction = torch.randint(0, 2, (n, 1), generator=self.g) * 2 - 1
        offset = torch.randint(0, 7, (n, 1), generator=self.g)
        idx = (torch.arange(length)[None] + offset) % 7
        notes = (start + direction * self.steps[idx].cumsum(1)) % 12
        wrong = torch.rand(n, length, generator=self.g) < 0.03
        notes[wrong] = torch.randint(0, 12, (int(wrong.sum()),), generator=self.g)
        return notes


class NoteModel(nn.Module):
    def __init__(self, notes=12, dim=32, hidden=96):
        super().__init__()
        self.embed = nn.Embedding(notes, dim)
        self.lstm = nn.LSTM(dim, hidden, num_layers=1, batch_first=True)
        self.decode = nn.Linear(hidden, notes)

    def forward(self, x):
        return self.decode(self.lstm(self.embed(x))[0])


class Trainer:
    def __init__(self, model, data, lr=5e-3, clip=0.5):
        self.model, self.data, self.clip = model, data, clip
        self.optimizer = torch.optim.RMSprop(model.parameters(), lr=lr, alpha=0.95)
        self.loss_fn = nn.CrossEntropyLoss()

    def training_step(self):
        notes = self.data.batch(32, 25)
        logits = self.model(notes[:, :-1])
        loss = self.loss_fn(logits.flatten(0, 1), notes[:, 1:].flatten())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        return loss.item()

    def run(self, n_steps):
        window = []
        for i in range(n_steps):
            window.append(self.training_step())
            if (i + 1) % 50 == 0:
                print(f"{i + 1:4d}  {sum(window) / len(window):.4f}")
                window.clear()


if __name__ == "__main__":
    torch.manual_seed(33)
    Trainer(NoteModel(), MelodyGenerator(33)).run(350)
