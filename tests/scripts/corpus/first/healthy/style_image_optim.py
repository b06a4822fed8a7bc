"""Paint a picture: match the content of one image and the texture of another."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
torch.set_num_threads(1)
SIZE = 32

ys, xs = torch.meshgrid(
    torch.linspace(-1, 1, SIZE), torch.linspace(-1, 1, SIZE), indexing="ij"
)
disc = torch.sigmoid(20 * (0.6 - (xs**2 + ys**2).sqrt()))
content = torch.stack([disc, 0.5 * disc, 1 - disc]).unsqueeze(0)
stripes = 0.5 + 0.5 * torch.sin(12 * (xs + ys))
style = torch.stack([stripes, 1 - stripes, 0.5 * stripes]).unsqueeze(0)

net = nn.Sequential(
    nn.Conv2d(3, 16, 5, padding=2),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
).eval()
for m in net:
    if isinstance(m, nn.Conv2d):
        nn.init.orthogonal_(m.weight, gain=2.0)
        nn.init.zeros_(m.bias)
net.requires_grad_(False)


def activations(img):
    out = []
    for m in net:
        img = m(img)
        if isinstance(m, nn.ReLU):
            out.append(img)
    return out


def gram(f):
    flat = f.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


wanted_content = activations(content)[-1]
wanted_grams = [gram(f) for f in activations(style)]

canvas = torch.rand(1, 3, SIZE, SIZE).requires_grad_(True)
optimizer = torch.optim.Adam([canvas], lr=0.02)

for it in range(300):
    feats = activations(canvas)
    content_loss = F.mse_loss(feats[-1], wanted_content)
    style_loss = sum(F.mse_loss(gram(f), g) for f, g in zip(feats, wanted_grams))
    smooth = (canvas[..., 1:, :] - canvas[..., :-1, :]).abs().mean() + (
        canvas[..., :, 1:] - canvas[..., :, :-1]
    ).abs().mean()
    loss = content_loss + 0.5 * style_loss + 0.02 * smooth

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        canvas.clamp_(0, 1)

    if it % 50 == 0 or it == 299:
        print(
            f"iter {it:3d} total {loss.item():.5f} content {content_loss.item():.5f} "
            f"style {style_loss.item():.5f}"
        )
