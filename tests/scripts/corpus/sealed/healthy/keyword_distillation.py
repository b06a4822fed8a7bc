"""A wide teacher learns spoken-keyword-like feature maps; a slim student learns from its soft answers and the labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(18)
WORDS, FRAMES, MEL = 8, 12, 10
templates = torch.randn(WORDS, MEL, FRAMES)


def clips(n):
    word = torch.randint(WORDS, (n,))
    x = templates[word] * (0.7 + 0.6 * torch.rand(n, 1, 1))
    x = torch.stack([torch.roll(r, int(s), dims=1) for r, s in zip(x, torch.randint(-2, 3, (n,)))])
    return (x + 1.7 * torch.randn(n, MEL, FRAMES)) / 2, word


def net(width):
    return nn.Sequential(
        nn.Conv1d(MEL, width, 3, padding=1), nn.ReLU(),
        nn.Conv1d(width, width, 3, padding=1), nn.ReLU(), nn.AvgPool1d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(width * FRAMES // 2, WORDS),
    )


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def distil_loss(student, teacher, y, T=3.0, alpha=0.6):
    soft = F.kl_div(F.log_softmax(student / T, 1), F.log_softmax(teacher / T, 1), reduction="batchmean", log_target=True)
    return alpha * T * T * soft + (1 - alpha) * F.cross_entropy(student, y)


x, y = clips(4000)
xt, yt = clips(800)
teacher, student = net(64), net(16)
opt = torch.optim.AdamW(teacher.parameters(), lr=1e-3, weight_decay=0.05)
for epoch in range(3):
    teacher.train()
    for idx in torch.randperm(len(y)).split(80):
        loss = F.cross_entropy(teacher(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"teacher {epoch}: {loss.item():.3f} acc {accuracy(teacher, xt, yt):.3f}")

teacher.eval()
teacher.requires_grad_(False)
opt = torch.optim.AdamW(student.parameters(), lr=3e-3, weight_decay=0.01)
for epoch in range(6):
    student.train()
    total = 0.0
    for idx in torch.randperm(len(y)).split(80):
        with torch.no_grad():
            guide = teacher(x[idx])
        loss = distil_loss(student(x[idx]), guide, y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"student {epoch}: {total / 50:.3f} acc {accuracy(student, xt, yt):.3f}")
