# %% [markdown]
# # A CNN and its gradients by hand
#
# `loss.backward()` is one line. Here we write what stands behind it, for a small convolutional
# network, in nothing but NumPy: each layer forward, each layer backward, with its formula. Then we
# doubt it: PyTorch must give the same gradients, and so must the slope of the loss itself. We break it
# in three ways that are easy to overlook, and see which check finds which. At last we train it.
#
# In part 2 the same network answers ten questions of practice: what a learning rate does, why weights
# start at random, what a falling accuracy means. Each time you may guess before you look.
#
# You need to have used PyTorch; you need not have written a backward pass. Every number that
# matters is asserted in a cell, so if this page was built, it is right.

# %%
import altair as alt
import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import SVG

from unstuck.charts import LINE, MARK, OTHER, WASH, rows, svg_file

torch.set_num_threads(1)


def show(chart):
    """A drawing that needs no script."""
    return SVG(svg_file(chart))


# %% [markdown]
# ## Part 1: by hand
#
# ### The network
#
# | step | | shape |
# |---|---|---|
# | images | $x$ | 5 images, 2 channels, 8 x 8 |
# | convolution: 3 filters, 3 x 3 | $z = W \star x + b$ | 5, 3, 6 x 6 |
# | ReLU | $a = \max(z, 0)$ | 5, 3, 6 x 6 |
# | max-pooling of 2 x 2, flattened | $f$ | 5, 27 |
# | linear layer | $s = f V^{T} + c$ | 5, 4 |
# | softmax and cross-entropy, mean over the images | $L$ | one number |
#
# Small enough to check every single number, and yet it has all the parts of LeNet. Images and weights
# are random, in double precision; why that, we shall see.

# %%
draw = np.random.default_rng(0)
x, y = draw.standard_normal((5, 2, 8, 8)), draw.integers(0, 4, 5)
net = {
    "W": draw.standard_normal((3, 2, 3, 3)) / 3,
    "b": draw.standard_normal(3) / 10,
    "V": draw.standard_normal((4, 27)) / 5,
    "c": draw.standard_normal(4) / 10,
}

# %% [markdown]
# ### Forward: convolution
#
# Lay each filter on each 3 x 3 patch, multiply, sum:
#
# $$z_{nkhw} = b_k + \sum_{c,i,j} W_{kcij} \, x_{n,c,h+i,w+j}$$
#
# The letters of the formula are the letters of the `einsum`: those that are missing on the right of the
# arrow are summed. Patches are a view of the image, with strides; nothing is copied.


# %%
def patches(x):
    """All 3 x 3 patches: (n, c, h, w, i, j)."""
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))


def convolve(x, W, b):
    """The scalar product of every patch with every filter: (n, k, h, w)."""
    return np.einsum("nchwij,kcij->nkhw", patches(x), W) + b[:, None, None]


z = convolve(x, net["W"], net["b"])
assert z.shape == (5, 3, 6, 6)

# %% [markdown]
# ### Forward: ReLU and max-pooling
#
# $$a = \max(z, 0) \qquad f = \max \text{ of each } 2 \times 2 \text{ cell of } a$$
#
# On the way we write down *which* of the four won: backward needs to know.


# %%
def pool(a):
    """The largest of each 2 x 2 cell, flattened, and which of the four it was."""
    n, k, h, w = a.shape
    cells = a.reshape(n, k, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    cells = cells.reshape(n, k, h // 2, w // 2, 4)
    return cells.max(4).reshape(n, -1), cells.argmax(4)


a = np.maximum(z, 0)
f, winner = pool(a)
assert f.shape == (5, 27)
assert winner.shape == (5, 3, 3, 3)

# %% [markdown]
# ### Forward: scores and loss
#
# $$s = f V^{T} + c \qquad p_{nm} = \frac{e^{s_{nm}}}{\sum_l e^{s_{nl}}}$$
#
# $$L = -\frac{1}{N} \sum_n \log p_{n, y_n}$$
#
# The largest score is subtracted first. It changes no probability, and without it $e^{1000}$ would be
# infinite.


# %%
def log_softmax(s):
    """The logarithms of the probabilities."""
    s = s - s.max(1, keepdims=True)
    return s - np.log(np.exp(s).sum(1, keepdims=True))


def cross_entropy(s, y):
    """The mean of -log p of the right class."""
    return -log_softmax(s)[np.arange(len(y)), y].mean()


def loss(x, y, net):
    """The whole way forward."""
    f, _ = pool(np.maximum(convolve(x, net["W"], net["b"]), 0))
    return cross_entropy(f @ net["V"].T + net["c"], y)


s = f @ net["V"].T + net["c"]
assert loss(x, y, net) == cross_entropy(s, y)
assert np.isfinite(cross_entropy(1000 * s, y))
print(f"loss {loss(x, y, net):.3f}; a net that knows nothing has log 4 = {np.log(4):.3f}")

# %% [markdown]
# ### Backward: the one idea
#
# We want to know how $L$ changes when any number of the network changes a little. Write $ds$ for
# $\partial L / \partial s$: as many numbers as $s$ has, and of the same shape. Each layer answers
# one question: *given how the loss changes with what I put out, how does it change with what I took in,
# and with my parameters?* That is the chain rule; we begin at the loss and hand the answer back
# from layer to layer.
#
# ### Backward: softmax and cross-entropy
#
# $$ds_{nm} = \frac{1}{N} \left( p_{nm} - [\, m = y_n \,] \right)$$
#
# Probability less truth. The right score wants to rise and the others to fall, together by nothing:
# each row sums to 0. The $1/N$ is there because the loss is a mean.


# %%
def back_to_scores(s, y):
    """ds of cross-entropy."""
    ds = np.exp(log_softmax(s))
    ds[np.arange(len(y)), y] -= 1
    return ds / len(y)


ds = back_to_scores(s, y)
assert ds.shape == s.shape
assert np.abs(ds.sum(1)).max() < 1e-15

# %% [markdown]
# ### Backward: the linear layer
#
# $$dV = ds^{T} f \qquad dc = \sum_n ds_n \qquad df = ds \, V$$
#
# A weight's gradient is what came in times what comes back, summed over the images. There is only one
# way in which the shapes fit: a good guide if you forget a transpose.

# %%
dV, dc, df = ds.T @ f, ds.sum(0), ds @ net["V"]
assert (dV.shape, dc.shape, df.shape) == (net["V"].shape, net["c"].shape, f.shape)

# %% [markdown]
# ### Backward: max-pooling
#
# $$da_{nkhw} = df_{nkhw} \text{ where } a_{nkhw} \text{ won its cell, } 0 \text{ where it lost}$$
#
# To change a loser a little changes nothing, so the winner takes it all. Three numbers of four are 0.


# %%
def unpool(df, winner):
    """da: each number of df at the winner of its cell."""
    n, k, h, w = winner.shape
    cells = np.zeros((n, k, h, w, 4), df.dtype)
    np.put_along_axis(cells, winner[..., None], df.reshape(n, k, h, w, 1), axis=4)
    return cells.reshape(n, k, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, k, 2 * h, 2 * w)


da = unpool(df, winner)
assert da.shape == a.shape
assert np.count_nonzero(da) == da.size / 4
assert np.isclose(da.sum(), df.sum())

# %% [markdown]
# ### Backward: ReLU
#
# $$dz = da \cdot [\, z > 0 \,]$$
#
# A gate: open where the unit was on, shut where it was off. At 0 itself there is no slope; everybody
# takes 0. A unit that is off for every image gets no gradient at all and stays as it is: it is *dead*.

# %%
dz = da * (z > 0)

# %% [markdown]
# ### Backward: the filters
#
# $$dW_{kcij} = \sum_{n,h,w} dz_{nkhw} \, x_{n,c,h+i,w+j} \qquad db_k = \sum_{n,h,w} dz_{nkhw}$$
#
# The rule of the linear layer once more, what came in times what comes back, but summed over all the
# places where the filter was laid as well. That one filter learns from 36 places is what makes convolutions
# thrifty. It is again a correlation, of the image with $dz$.


# %%
def back_to_filters(x, dz):
    """dW: every patch times what comes back for it."""
    return np.einsum("nchwij,nkhw->kcij", patches(x), dz)


dW, db = back_to_filters(x, dz), dz.sum((0, 2, 3))
assert (dW.shape, db.shape) == (net["W"].shape, net["b"].shape)

# %% [markdown]
# ### Backward: the images
#
# $$dx_{nchw} = \sum_{k,i,j} dz_{n,k,h-i,w-j} \, W_{kcij}$$
#
# Every pixel lay under each of the 9 weights of a filter once, so it collects 9 answers. Mind the minus
# signs: with them the same `einsum` of patches works, if the kernel is *turned by 180 degrees* and $dz$ gets
# a border of two zeros.
#
# Nothing is learned from $dx$ here, as images have no weights. But in a second convolution, $x$ would be
# the first one's output, and all learning below would hang on this line.


# %%
def back_to_images(dz, W):
    """dx: the full correlation of dz with the kernels turned by 180 degrees."""
    padded = np.pad(dz, ((0, 0), (0, 0), (2, 2), (2, 2)))
    return np.einsum("nkhwij,kcij->nchw", patches(padded), W[:, :, ::-1, ::-1])


dx = back_to_images(dz, net["W"])
assert dx.shape == x.shape

# %% [markdown]
# That was all of it. In one piece, with the steps as arguments, so that we can break one later:


# %%
def gradients(
    x,
    y,
    net,
    back_to_scores=back_to_scores,
    unpool=unpool,
    back_to_images=back_to_images,
):
    """The slope of the loss in each number of the images and the parameters."""
    z = convolve(x, net["W"], net["b"])
    f, winner = pool(np.maximum(z, 0))
    ds = back_to_scores(f @ net["V"].T + net["c"], y)
    dz = unpool(ds @ net["V"], winner) * (z > 0)
    return {
        "x": back_to_images(dz, net["W"]),
        "W": back_to_filters(x, dz),
        "b": dz.sum((0, 2, 3)),
        "V": ds.T @ f,
        "c": ds.sum(0),
    }


ours = gradients(x, y, net)
for name, slope in {"x": dx, "W": dW, "b": db, "V": dV, "c": dc}.items():
    assert np.array_equal(ours[name], slope)

# %% [markdown]
# ### First doubt: does PyTorch agree?
#
# The same network in PyTorch, the same numbers, and `autograd`. The largest difference anywhere must be
# below $10^{-10}$.


# %%
def cnn(net, x):
    """The same network in PyTorch: its scores."""
    a = F.relu(F.conv2d(x, net["W"], net["b"]))
    return F.linear(F.max_pool2d(a, 2).flatten(1), net["V"], net["c"])


def autograd(x, y, net):
    """The loss, and its slope in everything, as PyTorch computes them."""
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in {"x": x, **net}.items()}
    value = F.cross_entropy(cnn(leaves, leaves["x"]), torch.tensor(y))
    value.backward()
    return value.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def apart(ours, theirs):
    """Of each gradient the largest difference."""
    return {name: float(np.abs(ours[name] - theirs[name]).max()) for name in theirs}


value, theirs = autograd(x, y, net)
for name, distance in apart(ours, theirs).items():
    print(f"d{name}: {ours[name].size:3} numbers, largest difference {distance:.0e}")
assert abs(value - loss(x, y, net)) < 1e-14
assert max(apart(ours, theirs).values()) < 1e-10

# %% [markdown]
# ### Second doubt: is it the slope of the loss?
#
# PyTorch and we could share a mistake in thought. So ask the loss itself: move one number up
# by $\varepsilon$ and down by $\varepsilon$, and see how the loss changes:
#
# $$\frac{\partial L}{\partial \theta} \approx
# \frac{L(\theta + \varepsilon) - L(\theta - \varepsilon)}{2 \varepsilon}$$
#
# This *central difference* needs no derivative at all, only patience: two losses for each of 809
# numbers. It is the check to have when there is no second implementation.


# %%
def central_differences(x, y, net, eps):
    """All slopes, from nothing but losses."""
    everything = {"x": x, **net}

    def moved(name, at, by):
        values = everything[name].copy()
        values[at] += by
        parts = {**everything, name: values}
        return loss(parts.pop("x"), y, parts)

    slopes = {name: np.zeros_like(values) for name, values in everything.items()}
    for name, slope in slopes.items():
        for at in np.ndindex(slope.shape):
            slope[at] = (moved(name, at, eps) - moved(name, at, -eps)) / (2 * eps)
    return slopes


measured = central_differences(x, y, net, 1e-6)
print({name: f"{distance:.0e}" for name, distance in apart(ours, measured).items()})
assert sum(slope.size for slope in measured.values()) == 809
assert max(apart(ours, measured).values()) < 1e-7

# %% [markdown]
# ### How large an eps?
#
# Why $10^{-6}$, and not much smaller? Two errors pull against each other. The formula itself is wrong
# by about $\varepsilon^2$ (*truncation*), and large steps cross the kinks of ReLU and max-pooling besides.
# Small steps leave two losses that agree in most digits: their difference is mostly *rounding*, some
# $10^{-16} / \varepsilon$. The valley lies between.

# %%
curve = [
    {"eps": 10.0**-k, "error": max(apart(ours, central_differences(x, y, net, 10.0**-k)).values())}
    for k in range(2, 13)
]
errors = [point["error"] for point in curve]
best = int(np.argmin(errors))
assert errors[0] > 100 * errors[best]
assert errors[-1] > 100 * errors[best]
assert 1e-8 < curve[best]["eps"] < 1e-3

eps = (
    alt.X("eps:Q", title="eps")
    .scale(type="log")
    .axis(format="~e", values=[1e-12, 1e-9, 1e-6, 1e-3])
)
error = (
    alt.Y("error:Q", title="largest error of a gradient")
    .scale(type="log")
    .axis(format="~e", tickCount=6)
)
show(
    alt.Chart(rows(curve))
    .mark_line(point=True, color=LINE)
    .encode(eps, error)
    .properties(width=480, height=220)
)

# %% [markdown]
# ### Why double precision?
#
# The same code with 32 bits. It is not wrong, and good enough to train with. But its rounding is
# so much larger that $10^{-10}$ cannot be asked of it: and with a limit that it passes, small
# mistakes would pass as well. So check gradients in `float64`, as `torch.autograd.gradcheck` does, and
# train in what you like.

# %%
single = {name: values.astype(np.float32) for name, values in net.items()}
short = gradients(x.astype(np.float32), y, single)
assert all(slope.dtype == np.float32 for slope in short.values())
distance = max(apart(short, theirs).values())
print(f"largest difference in float32: {distance:.0e}")
assert 1e-9 < distance < 1e-5  # fails the check above, though nothing is wrong

# %% [markdown]
# ### Two conventions
#
# At two places there is no derivative, and one has to be chosen: ReLU at exactly 0, and a cell where two
# numbers share the first place. We take 0, and the first of the two; PyTorch does the same. With random
# numbers neither ever happens. With pictures, whose background is all one colour, it does.

# %%
zero = torch.zeros(1, requires_grad=True)
F.relu(zero).backward()
assert zero.grad == 0

tie = torch.ones(1, 1, 2, 2, requires_grad=True)
F.max_pool2d(tie, 2).backward()
assert tie.grad.flatten().tolist() == [1, 0, 0, 0]
assert np.array_equal(unpool(np.ones((1, 1)), pool(np.ones((1, 1, 2, 2)))[1]), tie.grad)

# %% [markdown]
# ### Three bugs, and what finds them
#
# Each of these is a backward step that many a person wrote. All run, none complains, and all
# shapes fit. We hold them against the central differences.


# %%
def wrong(**broken):
    """The gradients that a broken step gets wrong, and by how much."""
    distances = apart(gradients(x, y, net, **broken), measured)
    return {name: distance for name, distance in distances.items() if distance > 1e-7}


assert wrong() == {}

# %% [markdown]
# **The mean is forgotten.** Loss is a mean over the batch, but the gradient is summed. Every
# gradient is 5 times too large, that is, $N$ times: the direction is right, so it even trains, just as if the
# learning rate were multiplied by the batch size. Change the batch, and the rate no longer fits.


# %%
def without_mean(s, y):
    """A bug: the 1/N is missing."""
    return len(y) * back_to_scores(s, y)


assert set(wrong(back_to_scores=without_mean)) == {"x", "W", "b", "V", "c"}
for name, slope in gradients(x, y, net, back_to_scores=without_mean).items():
    assert np.allclose(slope, 5 * ours[name])

# %% [markdown]
# **The kernel is not turned.** This one hides: $dW$ and all other gradients of parameters are right,
# and with a single convolution nothing depends on $dx$. Only a check of $dx$ itself finds it. Test *every*
# gradient, also of what is not trained here.


# %%
def unturned(dz, W):
    """A bug: the kernels as they are."""
    return back_to_images(dz, W[:, :, ::-1, ::-1])


assert set(wrong(back_to_images=unturned)) == {"x"}

# %% [markdown]
# **Everyone wins.** Un-pooling hands the gradient to all four of a cell, as if the pooling were a sum.
# What lies above the pooling is right, all below it is wrong. So the pattern of
# failures says where to look: in the layer between the last right gradient and the first wrong one.


# %%
def to_all(df, winner):
    """A bug: all four of a cell get what the winner should."""
    df = df.reshape(winner.shape)
    return df.repeat(2, axis=2).repeat(2, axis=3)


assert set(wrong(unpool=to_all)) == {"x", "W", "b"}

# %% [markdown]
# ### Training it
#
# 300 handwritten digits of 8 x 8 pixels, 8 filters, 10 classes, 100 steps of gradient descent with all
# 300 at once. Weights start at random, with a variance of 2 / inputs (He) before the ReLU and 1 / inputs
# before the softmax; biases start at 0.

# %%
from sklearn.datasets import load_digits

digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
images, labels = digits.images[order, None] / 16, digits.target[order]
x, y = images[:300], labels[:300]
x_test, y_test = images[300:], labels[300:]


def start(seed, filters=8):
    """Random weights, biases of zero."""
    draw = np.random.default_rng(seed)
    return {
        "W": draw.standard_normal((filters, 1, 3, 3)) * np.sqrt(2 / 9),
        "b": np.zeros(filters),
        "V": draw.standard_normal((10, 9 * filters)) * np.sqrt(1 / (9 * filters)),
        "c": np.zeros(10),
    }


# %% [markdown]
# Beside it runs the same loop in PyTorch, from the same start. If both compute the same, their
# losses must be equal step by step; we ask for $10^{-8}$ in the first 20 steps.


# %%
def descent(gradients, rate=0.3, steps=100):
    """Plain gradient descent from the same start: the weights at the end, the loss of each step."""
    net, losses = start(0), []
    for _ in range(steps):
        losses.append(loss(x, y, net))
        slopes = gradients(x, y, net)
        net = {name: values - rate * slopes[name] for name, values in net.items()}
    return net, np.array(losses)


trained, by_hand = descent(gradients)
_, by_torch = descent(lambda *of: autograd(*of)[1])
gap = np.abs(by_hand - by_torch)
assert gap[:20].max() < 1e-8
assert by_hand[-1] < 0.1 * by_hand[0]


# %%
def scores(x, net):
    """The scores, by hand."""
    f, _ = pool(np.maximum(convolve(x, net["W"], net["b"]), 0))
    return f @ net["V"].T + net["c"]


accuracy = (scores(x_test, trained).argmax(1) == y_test).mean()
print(f"loss {by_hand[0]:.2f} -> {by_hand[-1]:.2f}; {accuracy:.1%} of 1497 unseen digits are right")
assert accuracy > 0.85

step = alt.X("step:Q", title="step")
course = [{"step": at, "loss": each} for at, each in enumerate(by_hand)]
marks = [{"step": at, "loss": each} for at, each in enumerate(by_torch) if at % 5 == 0]
distances = [{"step": at, "gap": max(each, 1e-18)} for at, each in enumerate(gap)]
size = {"width": 230, "height": 200}
line = alt.Chart(rows(course)).mark_line(color=LINE).encode(step, alt.Y("loss:Q"))
dots = alt.Chart(rows(marks)).mark_point(color=OTHER).encode(step, alt.Y("loss:Q"))
apart_by = alt.Y("gap:Q", title="difference").scale(type="log").axis(format="~e", tickCount=5)
below = alt.Chart(rows(distances)).mark_line(color=MARK).encode(step, apart_by)
show(
    (line + dots).properties(title="By hand (line), PyTorch (circles)", **size)
    | below.properties(title="Their difference", **size)
)

# %% [markdown]
# The difference stays near the last digit, and may grow: each step rounds a little differently, and a
# curved loss spreads small differences. That is why we ask for $10^{-8}$ only early. Two correct
# programs need not end with the same weights.
#
# ### One digit, forward and back
#
# At last a look at the numbers themselves: a digit, what one trained filter makes of it, and what
# comes back when the network is told that it is a 3. Blue is positive, orange negative. In *da* three
# of four are blank, as pooling left them; *dz* is blank where ReLU was shut as well; and *dx*, followed
# downhill, says which pixels should change for it to look more like a 3.


# %%
def heat(pictures):
    """Small pictures side by side, each scaled to its largest number."""
    colour = alt.Color("value:Q", legend=None).scale(
        domain=[-1, 0, 1], range=[OTHER, WASH, LINE], interpolate="rgb"
    )
    charts = [
        alt.Chart(rows(pixels(each)))
        .mark_rect(aria=False)
        .encode(alt.X("h:O", axis=None), alt.Y("v:O", axis=None), colour)
        .properties(width=78, height=78, title=title)
        for title, each in pictures.items()
    ]
    return alt.hconcat(*charts, spacing=14)


def pixels(image):
    """One row of data a pixel."""
    largest = np.abs(image).max() or 1
    return [
        {"v": v, "h": h, "value": round(float(image[v, h] / largest), 2)}
        for v, h in np.ndindex(image.shape)
    ]


one = int(np.flatnonzero(y_test == 5)[0])
x_one, is_3 = x_test[one : one + 1], np.array([3])
z = convolve(x_one, trained["W"], trained["b"])
f, winner = pool(np.maximum(z, 0))
da = unpool(back_to_scores(scores(x_one, trained), is_3) @ trained["V"], winner)
dx = gradients(x_one, is_3, trained)["x"]
k = int(np.abs(da * (z > 0)).sum((0, 2, 3)).argmax())
assert np.count_nonzero(da[0, k]) == 9
show(
    heat(
        {
            "x": x_one[0, 0],
            f"W, filter {k}": trained["W"][k, 0],
            "z": z[0, k],
            "a": np.maximum(z, 0)[0, k],
            "da": da[0, k],
            "dz": (da * (z > 0))[0, k],
            "dx": dx[0, 0],
        }
    )
)
