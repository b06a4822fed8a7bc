import copy
import random
import torch
import torch.nn as nn

random.seed(0)
torch.manual_seed(0)
L = 7                                   # cells of the corridor, reward at the right end


def step(s, a):
    s2 = max(0, s - 1) if a == 0 else min(L - 1, s + 1)
    done = s2 == L - 1
    return s2, (1.0 if done else -0.02), done


def encode(s):
    return nn.functional.one_hot(torch.as_tensor(s), L).float()


memory = []
for _ in range(3000):
    s, a = random.randrange(L - 1), random.randrange(2)
    memory.append((s, a, *step(s, a)))
S, A, S2, R, D = [torch.tensor(c) for c in zip(*memory)]
S, S2, R, D = encode(S), encode(S2), R.float(), D.float()

q = nn.Sequential(nn.Linear(L, 48), nn.ReLU(), nn.Linear(48, 2))
target = copy.deepcopy(q)
optimizer = torch.optim.RMSprop(q.parameters(), lr=2e-3)
for it in range(400):
    b = torch.randint(0, len(S), (64,))
    with torch.no_grad():
        y = R[b] + 0.9 * (1 - D[b]) * target(S2[b]).max(1).values
    chosen = q(S[b]).gather(1, A[b, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(chosen, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 10 == 0:
        target.load_state_dict(q.state_dict())
    if it % 50 == 49:
        with torch.no_grad():
            v = q(torch.eye(L)[:-1])
        print(f"it {it + 1} td {loss.item():.5f} values {[round(x, 2) for x in v.max(1).values.tolist()]} "
              f"right {(v.argmax(1) == 1).float().mean().item():.2f}")
