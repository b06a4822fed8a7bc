"""Solve a damped oscillator equation with a small network and L-BFGS."""

import math

import torch

torch.manual_seed(100)
torch.set_default_dtype(torch.float64)

DAMP, FREQ = 0.3, 3.0

net = torch.nn.Sequential(
    torch.nn.Linear(1, 24),
    torch.nn.Tanh(),
    torch.nn.Linear(24, 24),
    torch.nn.Tanh(),
    torch.nn.Linear(24, 1),
)
t = torch.linspace(0, 4, 80).unsqueeze(1).requires_grad_(True)


def exact(s):
    w = math.sqrt(FREQ**2 - DAMP**2)
    return torch.exp(-DAMP * s) * (torch.cos(w * s) + DAMP / w * torch.sin(w * s))


def solution(s):
    # u(0) = 1 and u'(0) = 0 hold by construction
    return 1 + s**2 * net(s / 2 - 1)


def grad(out, s):
    return torch.autograd.grad(out.sum(), s, create_graph=True)[0]


def residual_loss():
    u = solution(t)
    du = grad(u, t)
    ddu = grad(du, t)
    return (ddu + 2 * DAMP * du + FREQ**2 * u).square().mean()


optimizer = torch.optim.LBFGS(
    net.parameters(),
    lr=1.0,
    max_iter=4,
    max_eval=100,
    history_size=100,
    tolerance_grad=1e-12,
    tolerance_change=1e-15,
    line_search_fn="strong_wolfe",
)


def closure():
    optimizer.zero_grad()
    loss = residual_loss()
    loss.backward()
    return loss


for step in range(200):
    loss = optimizer.step(closure)
    if step % 25 == 0 or step == 199:
        with torch.no_grad():
            error = (solution(t) - exact(t)).abs().max().item()
        print(f"step {step:3d} residual {loss.item():.3e} max error {error:.3e}")
