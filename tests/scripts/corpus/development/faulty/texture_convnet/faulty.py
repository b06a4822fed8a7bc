# textures: stripes (two directions), checkerboard, noise blobs -> small CNN
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(7)
SIZE = 12


def textures(n):
    y = torch.randint(0, 4, (n,))
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    ph = torch.rand(n, 1, 1) * 6.28
    k = 1.2 + torch.rand(n, 1, 1) * 0.8
    h = torch.sin(k * yy + ph)
    v = torch.sin(k * xx + ph)
    blobs = F.avg_pool2d(torch.randn(n, 1, SIZE + 2, SIZE + 2), 3, 1).squeeze(1) * 3 * 0.7
    imgs = torch.stack([h, v, h * v * 1.4, blobs], 1)[torch.arange(n), y]
    return (imgs + 0.9 * torch.randn_like(imgs)).unsqueeze(1), y


def conv(cin, cout):
    return [nn.Conv2d(cin, cout, 3, padding=1)]


features = nn.Sequential(*conv(1, 8), *conv(8, 12), *conv(12, 12))
net = nn.Sequential(features, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(48, 4))
optimizer = torch.optim.NAdam(net.parameters(), lr=2e-3)
val_x, val_y = textures(400)

for it in range(350):
    x, y = textures(48)
    out = net(x)
    loss = F.cross_entropy(out, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 70 == 69:
        net.eval()
        with torch.no_grad():
            acc = (net(val_x).argmax(-1) == val_y).float().mean()
        net.train()
        print(f'it {it + 1}  loss {loss.item():.3f}  val acc {acc.item():.3f}')
