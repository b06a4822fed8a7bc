"""Route support tickets: token ids -> topic, mean of embeddings with dropout."""
import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, TOPICS, LENGTH = 400, 5, 24
gen = torch.Generator().manual_seed(12)


def tickets(n, lexicon):
    topic = torch.randint(TOPICS, (n,), generator=gen)
    on_topic = torch.rand(n, LENGTH, generator=gen) < 0.35
    general = torch.randint(VOCAB, (n, LENGTH), generator=gen)
    pick = torch.randint(lexicon.shape[1], (n, LENGTH), generator=gen)
    special = lexicon[topic].gather(1, pick)
    return torch.where(on_topic, special, general), topic


class TicketModel(nn.Module):
    def __init__(self, dim=32, hidden=64, p=0.3):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, dim)
        self.drop = nn.Dropout(p)
        self.norm = nn.BatchNorm1d(dim)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, TOPICS)

    def forward(self, tokens):
        h = self.norm(self.emb(tokens).mean(1))
        h = self.drop(F.relu(self.fc1(h)))
        return self.fc2(h)


def evaluate(model, tokens, topic):
    model.eval()
    with torch.no_grad():
        logits = model(tokens)
    return F.cross_entropy(logits, topic).item(), (logits.argmax(1) == topic).float().mean().item()


def train(model, data, held_out, epochs=8, batch=64):
    tokens, topic = data
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    print("before training: loss %.3f acc %.3f" % evaluate(model, *held_out))
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(topic), generator=gen).split(batch):
            loss = F.cross_entropy(model(tokens[idx]), topic[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch}: last batch {loss.item():.3f}, held out loss %.3f acc %.3f" % evaluate(model, *held_out))


if __name__ == "__main__":
    torch.manual_seed(12)
    lexicon = torch.stack([torch.randperm(VOCAB, generator=gen)[:60] for _ in range(TOPICS)])
    train(TicketModel(), tickets(4096, lexicon), tickets(1000, lexicon))
