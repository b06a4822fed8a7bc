"""Deep Q-learning on a small slippery grid with a pit, replay memory and a target network."""

import copy
import random
from collections import deque

import torch
import torch.nn.functional as F
from torch import nn

SIDE = 5
GOAL, PIT = (4, 4), (2, 2)
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    def __init__(self, limit=40, slip=0.1):
        self.limit = limit
        self.slip = slip

    def reset(self):
        while True:
            self.pos = (random.randrange(SIDE), random.randrange(SIDE))
            if self.pos not in (GOAL, PIT):
                break
        self.t = 0
        return self.pos

    def step(self, action):
        if random.random() < self.slip:
            action = random.randrange(4)
        dr, dc = MOVES[action]
        r = min(max(self.pos[0] + dr, 0), SIDE - 1)
        c = min(max(self.pos[1] + dc, 0), SIDE - 1)
        self.pos = (r, c)
        self.t += 1
        if self.pos == GOAL:
            return self.pos, 1.0, True, False
        if self.pos == PIT:
            return self.pos, -1.0, True, False
        return self.pos, -0.02, False, self.t >= self.limit


def encode(positions):
    idx = torch.tensor([r * SIDE + c for r, c in positions])
    return F.one_hot(idx, SIDE * SIDE).float()


def evaluate(q, env, episodes=30):
    total = 0.0
    for _ in range(episodes):
        state = env.reset()
        over = False
        while not over:
            with torch.no_grad():
                action = q(encode([state])).argmax(1).item()
            state, reward, done, cut = env.step(action)
            total += reward
            over = done or cut
    return total / episodes


def main():
    random.seed(4)
    torch.manual_seed(4)
    env = Grid()
    q = nn.Sequential(nn.Linear(SIDE * SIDE, 64), nn.ReLU(), nn.Linear(64, 4))
    target = copy.deepcopy(q)
    target.requires_grad_(False)
    opt = torch.optim.Adam(q.parameters(), lr=2e-3)
    memory = deque(maxlen=4000)
    gamma = 0.95

    print(f"return before training {evaluate(q, env):.3f}")
    state = env.reset()
    updates = 0
    recent = deque(maxlen=50)
    for t in range(2200):
        eps = max(0.1, 1.0 - t / 1200)
        if random.random() < eps:
            action = random.randrange(4)
        else:
            with torch.no_grad():
                action = q(encode([state])).argmax(1).item()
        nxt, reward, done, cut = env.step(action)
        # a cut episode is not an end state, so its value still counts
        memory.append((state, action, reward, nxt, float(done)))
        state = env.reset() if done or cut else nxt

        if t < 200 or t % 2:
            continue
        s, a, r, s2, d = zip(*random.sample(memory, 64))
        with torch.no_grad():
            best = target(encode(s2)).max(1).values
            goal = torch.tensor(r) + gamma * (1 - torch.tensor(d)) * best
        value = q(encode(s)).gather(1, torch.tensor(a).unsqueeze(1)).squeeze(1)
        loss = F.smooth_l1_loss(value, goal)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(q.parameters(), 5.0)
        opt.step()
        recent.append(loss.item())
        updates += 1
        if updates % 50 == 0:
            target.load_state_dict(q.state_dict())
        if updates == 1 or updates % 200 == 0:
            print(f"update {updates} td loss {sum(recent) / len(recent):.5f}")

    print(f"last td loss {sum(recent) / len(recent):.5f} after {updates} updates")
    print(f"return after training {evaluate(q, env):.3f}")


if __name__ == "__main__":
    main()
