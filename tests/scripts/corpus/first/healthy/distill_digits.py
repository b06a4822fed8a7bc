"""Train a convolutional teacher on digits, then a small student on its soft labels."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def get_data():
    digits = load_digits()
    x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    return (x[:1400], y[:1400]), (x[1400:], y[1400:])


def make_teacher():
    return nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 48, 3, padding=1),
        nn.BatchNorm2d(48),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(48 * 16, 10),
    )


def make_student():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))


def distillation_loss(student_logits, teacher_logits, labels, t=3.0, alpha=0.8):
    soft = F.kl_div(
        F.log_softmax(student_logits / t, dim=1),
        F.softmax(teacher_logits / t, dim=1),
        reduction="batchmean",
    )
    hard = F.cross_entropy(student_logits, labels)
    return alpha * t * t * soft + (1 - alpha) * hard


def loop(model, loss_of, data, steps, lr, name):
    x, y = data
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for step in range(steps):
        idx = torch.randint(len(x), (64,))
        loss = loss_of(x[idx], y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"{name} step {step} loss {loss.item():.4f}")


@torch.no_grad()
def score(model, data):
    model.eval()
    return (model(data[0]).argmax(1) == data[1]).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(60)
    train, test = get_data()

    teacher = make_teacher()
    loop(
        teacher,
        lambda xb, yb: F.cross_entropy(teacher(xb), yb, label_smoothing=0.05),
        train,
        steps=150,
        lr=2e-3,
        name="teacher",
    )
    print(f"teacher accuracy {score(teacher, test):.3f}")

    student = make_student()

    def student_loss(xb, yb):
        with torch.no_grad():
            guide = teacher(xb)
        return distillation_loss(student(xb), guide, yb)

    teacher.eval()
    loop(student, student_loss, train, steps=400, lr=4e-3, name="student")
    print(f"student accuracy {score(student, test):.3f}")
