"""DQN: a robot in a 5x5 hall fetches a crate at a random place. Replay memory, target network, Huber loss."""
import random
from collections import deque

import torch
import torch.nn as nn

random.seed(6)
torch.manual_seed(6)
SIZE, LIMIT, GAMMA = 5, 15, 0.9
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]


class Hall:
    def reset(self):
        self.me = [random.randrange(SIZE), random.randrange(SIZE)]
        self.crate = [random.randrange(SIZE), random.randrange(SIZE)]
        while self.crate == self.me:
            self.crate = [random.randrange(SIZE), random.randrange(SIZE)]
        self.t = 0
        return self.state()

    def state(self):
        return [(v - 2) / 2 for v in self.me + self.crate]

    def step(self, a):
        for i in (0, 1):
            self.me[i] = min(SIZE - 1, max(0, self.me[i] + MOVES[a][i]))
        self.t += 1
        found = self.me == self.crate
        return self.state(), 1.0 if found else -0.05, found, found or self.t >= LIMIT


class QNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))


online, target = QNet(), QNet()
target.load_state_dict(online.state_dict())
target.requires_grad_(False)
optimizer = torch.optim.Adam(online.parameters(), lr=1e-3)
memory = deque(maxlen=5000)


def learn(batch_size=64):
    s, a, r, s2, done = map(torch.tensor, zip(*random.sample(memory, batch_size)))
    q = online(s).gather(1, a[:, None]).squeeze(1)
    with torch.no_grad():
        best = target(s2).max(1).values
        goal = r + GAMMA * best * (~done)
    loss = nn.functional.smooth_l1_loss(q, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


env, updates, found_last, losses = Hall(), 0, deque(maxlen=100), deque(maxlen=100)
for episode in range(900):
    s, over = env.reset(), False
    eps = max(0.05, 1.0 - episode / 300)
    while not over:
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = online(torch.tensor(s)).argmax().item()
        s2, r, found, over = env.step(a)
        memory.append((s, a, r, s2, found))
        s = s2
        if len(memory) >= 300 and len(memory) % 2 == 0 or len(memory) == memory.maxlen and env.t % 2 == 0:
            losses.append(learn())
            updates += 1
            if updates % 100 == 0:
                target.load_state_dict(online.state_dict())
    found_last.append(found)
    if (episode + 1) % 100 == 0:
        print(f"episode {episode + 1} updates {updates} found {sum(found_last)} % loss {sum(losses) / max(1, len(losses)):.4f}")
