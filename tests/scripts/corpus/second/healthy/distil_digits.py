"""Knowledge distillation: a wide teacher, then a narrow student on softened outputs."""

import copy
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


@dataclass
class DistilConfig:
    temperature: float = 3.0
    alpha: float = 0.7
    teacher_steps: int = 150
    student_steps: int = 250
    ema: float = 0.98


def net(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


class Distiller:
    def __init__(self, cfg, x, y):
        self.cfg, self.x, self.y = cfg, x, y
        self.teacher = net(128)
        self.student = net(16)
        self.average = copy.deepcopy(self.student).requires_grad_(False)

    def batch(self):
        i = torch.randint(0, len(self.x), (64,))
        return self.x[i], self.y[i]

    def fit_teacher(self):
        opt = torch.optim.Adam(self.teacher.parameters(), lr=3e-3)
        for _ in range(self.cfg.teacher_steps):
            x, y = self.batch()
            loss = F.cross_entropy(self.teacher(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print("teacher loss %.4f" % loss.item())
        self.teacher.eval()
        self.teacher.requires_grad_(False)

    def fit_student(self):
        t, a = self.cfg.temperature, self.cfg.alpha
        opt = torch.optim.Adam(self.student.parameters(), lr=4e-3)
        for step in range(1, self.cfg.student_steps + 1):
            x, y = self.batch()
            out = self.student(x)
            soft = F.softmax(self.teacher(x) / t, dim=1)
            kd = F.kl_div(F.log_softmax(out / t, dim=1), soft, reduction="batchmean") * t * t
            loss = a * kd + (1 - a) * F.cross_entropy(out, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            self.update_average()
            if step % 50 == 0:
                print(f"student step {step} loss {loss.item():.4f} kd {kd.item():.4f}")

    @torch.no_grad()
    def update_average(self):
        for p, q in zip(self.average.parameters(), self.student.parameters()):
            p.lerp_(q, 1 - self.cfg.ema)

    @torch.no_grad()
    def report(self):
        for name in ("teacher", "student", "average"):
            acc = (getattr(self, name)(self.x).argmax(1) == self.y).float().mean().item()
            print(f"{name}: {acc:.3f}")


if __name__ == "__main__":
    torch.manual_seed(19)
    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32) / 16
    d = Distiller(DistilConfig(), x, torch.tensor(data.target))
    d.fit_teacher()
    d.fit_student()
    d.report()
