import random
from collections import deque
import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
SIZE, MAX_T = 5, 25
MOVES = [(0, 1), (0, -1), (1, 0), (-1, 0)]


class Grid:
    """Walk to the goal in a 5x5 grid; -0.05 a move, +1 at the goal."""

    def reset(self):
        cells = random.sample([(i, j) for i in range(SIZE) for j in range(SIZE)], 2)
        self.pos, self.goal, self.t = cells[0], cells[1], 0
        return self.obs()

    def obs(self):
        v = [p / 2 - 1 for p in (*self.pos, *self.goal)]
        return torch.tensor(v)

    def step(self, a):
        self.t += 1
        self.pos = tuple(min(SIZE - 1, max(0, p + d)) for p, d in zip(self.pos, MOVES[a]))
        hit = self.pos == self.goal
        return self.obs(), (1.0 if hit else -0.05), hit, hit or self.t >= MAX_T


def qnet():
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))


policy, target = qnet(), qnet()
target.load_state_dict(policy.state_dict())
opt = torch.optim.Adam(policy.parameters(), lr=1e-3)
memory = deque(maxlen=5000)
env, updates, scores = Grid(), 0, deque(maxlen=50)
GAMMA = 0.9

for episode in range(260):
    s, done, total = env.reset(), False, 0.0
    eps = max(0.05, 1.0 - episode / 120)
    while not done:
        if random.random() < eps:
            a = random.randrange(4)
        else:
            with torch.no_grad():
                a = policy(s).argmax().item()
        s2, r, hit, done = env.step(a)
        memory.append((s, a, r, s2, float(hit)))
        s, total = s2, total + r
        if len(memory) >= 200 and env.t % 3 == 0:
            S, A, R, S2, D = zip(*random.sample(memory, 64))
            S, S2 = torch.stack(S), torch.stack(S2)
            A, R, D = torch.tensor(A), torch.tensor(R), torch.tensor(D)
            with torch.no_grad():
                goal = R + GAMMA * (1 - D) * target(S2).max(1).values
            q = policy(S).gather(1, A[:, None]).squeeze(1)
            loss = nn.functional.smooth_l1_loss(q, goal)
            opt.zero_grad()
            loss.backward()
            opt.step()
            updates += 1
            if updates % 50 == 0:
                target.load_state_dict(policy.state_dict())
    scores.append(total)
    if episode % 40 == 39:
        print(f"episode {episode + 1} updates {updates} mean return {sum(scores) / len(scores):.3f} eps {eps:.2f}")
