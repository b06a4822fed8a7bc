# %% [markdown]
# # A CNN and its gradients by hand
#
# `loss.backward()` is one line. Here we write what stands behind it, for a small convolutional network,
# in nothing but NumPy: each layer forward, each layer backward, with its formula. Then we doubt it:
# PyTorch must give the same gradients, and so must the slope of the loss itself. We break it in three
# ways that are easy to overlook, and see which check finds which. At last we train it.
#
# In part 2 the same network answers ten questions of practice: what a learning rate does, why weights
# start at random, what a falling accuracy means. Each time you may guess before you look.
#
# You need to have used PyTorch; you need not have written a backward pass. Every number that matters is
# asserted in a cell, so if this page was built, it is right.

# %%
import altair as alt
import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import SVG

import unstuck
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
# $\partial L / \partial s$: as many numbers as $s$ has, and of the same shape. Each layer answers one
# question: *given how the loss changes with what I put out, how does it change with what I took in, and
# with my parameters?* That is the chain rule; we begin at the loss and hand the answer back from layer
# to layer.
#
# ### Backward: softmax and cross-entropy
#
# $$ds_{nm} = \frac{1}{N} \left( p_{nm} - [\, m = y_n \,] \right)$$
#
# Probability less truth. The right score wants to rise and the others to fall, together by nothing: each
# row sums to 0. The $1/N$ is there because the loss is a mean.


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
# places where the filter was laid as well. That one filter learns from 36 places is what makes
# convolutions thrifty. It is again a correlation, of the image with $dz$.


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
# signs: with them the same `einsum` of patches works, if the kernel is *turned by 180 degrees* and $dz$
# gets a border of two zeros.
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
# PyTorch and we could share a mistake in thought. So ask the loss itself: move one number up by
# $\varepsilon$ and down by $\varepsilon$, and see how the loss changes:
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
# Why $10^{-6}$, and not much smaller? Two errors pull against each other. The formula itself is wrong by
# about $\varepsilon^2$ (*truncation*), and large steps cross the kinks of ReLU and max-pooling besides.
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
# The same code with 32 bits. It is not wrong, and good enough to train with. But its rounding is so much
# larger that $10^{-10}$ cannot be asked of it: and with a limit that it passes, small mistakes would
# pass as well. So check gradients in `float64`, as `torch.autograd.gradcheck` does, and train in what
# you like.

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
# Each of these is a backward step that many a person wrote. All run, none complains, and all shapes fit.
# We hold them against the central differences.


# %%
def wrong(**broken):
    """The gradients that a broken step gets wrong, and by how much."""
    distances = apart(gradients(x, y, net, **broken), measured)
    return {name: distance for name, distance in distances.items() if distance > 1e-7}


assert wrong() == {}

# %% [markdown]
# **The mean is forgotten.** Loss is a mean over the batch, but the gradient is summed. Every gradient is
# 5 times too large, that is, $N$ times: the direction is right, so it even trains, just as if the
# learning rate were multiplied by the batch size. Change the batch, and the rate no longer fits.


# %%
def without_mean(s, y):
    """A bug: the 1/N is missing."""
    return len(y) * back_to_scores(s, y)


assert set(wrong(back_to_scores=without_mean)) == {"x", "W", "b", "V", "c"}
for name, slope in gradients(x, y, net, back_to_scores=without_mean).items():
    assert np.allclose(slope, 5 * ours[name])

# %% [markdown]
# **The kernel is not turned.** This one hides: $dW$ and all other gradients of parameters are right, and
# with a single convolution nothing depends on $dx$. Only a check of $dx$ itself finds it. Test *every*
# gradient, also of what is not trained here.


# %%
def unturned(dz, W):
    """A bug: the kernels as they are."""
    return back_to_images(dz, W[:, :, ::-1, ::-1])


assert set(wrong(back_to_images=unturned)) == {"x"}

# %% [markdown]
# **Everyone wins.** Un-pooling hands the gradient to all four of a cell, as if the pooling were a sum.
# What lies above the pooling is right, all below it is wrong. So the pattern of failures says where to
# look: in the layer between the last right gradient and the first wrong one.


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
# Beside it runs the same loop in PyTorch, from the same start. If both compute the same, their losses
# must be equal step by step; we ask for $10^{-8}$ in the first 20 steps.


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
# The difference begins in the last digit and grows from there: each step rounds a little differently, and
# where the loss is bumpy small differences spread. That is why we ask for $10^{-8}$ only early. Two
# correct programs need not end with the same weights.
#
# ### One digit, forward and back
#
# At last a look at the numbers themselves: a digit, what one trained filter makes of it, and what comes
# back when the network is told that it is a 3. Blue is positive, orange negative. In *da* three of four
# are blank, as pooling left them; *dz* is blank where ReLU was shut as well; and *dx*, followed
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
dz = da * (z > 0)
dx = gradients(x_one, is_3, trained)["x"]
passed, shut = (np.abs(each).sum((0, 2, 3)) for each in (dz, da - dz))
k = int((passed * shut).argmax())  # a filter that shows both
assert np.count_nonzero(da[0, k]) == 9
show(
    heat(
        {
            "x": x_one[0, 0],
            f"W, filter {k}": trained["W"][k, 0],
            "z": z[0, k],
            "a": np.maximum(z, 0)[0, k],
            "da": da[0, k],
            "dz": dz[0, k],
            "dx": dx[0, 0],
        }
    )
)

# %% [markdown]
# ## Part 2: ten questions to this network
#
# Now the network may teach us. Each question comes with a popular answer that is partly right. You guess
# first: change the number in the guess cell, then run on. An experiment shows what happens, and the
# verdict says what is left of the popular answer. The last line of each tells you how to ask the same of
# a training of your own.
#
# Eight learning rates times three random starts are 24 networks. `torch.vmap` trains them at once, in one
# stack: what we wrote for one network, it does for all along a first axis. They learn from the 300 digits
# and are judged on the 1497 unseen ones.

# %%
X, Y = torch.tensor(x), torch.tensor(y)
X_test, Y_test = torch.tensor(x_test), torch.tensor(y_test)


def starts(seeds, arms=1, filters=8):
    """One random start a seed, stacked, and the same again for each arm of an experiment."""
    nets = [start(seed, filters) for seed in seeds]
    return {k: torch.tensor(np.stack([net[k] for net in nets] * arms)) for k in nets[0]}


def cross_entropy_of(net, x, y):
    """The loss of one network."""
    return F.cross_entropy(cnn(net, x), y)


def losses(nets, x=X, y=Y, loss=cross_entropy_of):
    """The loss of each network of a stack."""
    return torch.vmap(loss, in_dims=(0, None, None))(nets, x, y)


def accuracy(nets, x=X_test, y=Y_test):
    """The share of right answers of each network of a stack."""
    return (torch.vmap(cnn, in_dims=(0, None))(nets, x).argmax(2) == y).double().mean(1)


# %% [markdown]
# Plain gradient descent, with batches of 50. Each network may have its own rate, and each parameter,
# too.


# %%
def train(nets, rates, steps=120, size=50, y=Y, seed=0, loss=cross_entropy_of):
    """The stack after some steps; all its networks see the same batches in the same order."""
    rates = rates if isinstance(rates, dict) else dict.fromkeys(nets, rates)
    rates = {k: torch.as_tensor(rate, dtype=torch.float64) for k, rate in rates.items()}
    slopes_of = torch.vmap(torch.func.grad(loss), in_dims=(0, None, None))
    draw = torch.Generator().manual_seed(seed)
    for step in range(steps):
        at = step * size % len(X)
        if at == 0:
            order = torch.randperm(len(X), generator=draw)
        batch = order[at : at + size]
        slopes = slopes_of(nets, X[batch], y[batch])
        nets = {k: nets[k] - aligned(rates[k], nets[k]) * slopes[k] for k in nets}
    return nets


def aligned(rates, values):
    """One number a network, in the shape of its parameters."""
    return rates.reshape(-1, *[1] * (values.dim() - 1))


def recorded(question):
    """What the larger experiment of unstuck showed: recorded when it was made, not run here."""
    proof = unstuck.explain(question).evidence
    print(f"recorded, not run here ({proof.made()}):\n{proof.counted()}")


# %% [markdown]
# ### 1. What does the learning rate do, and what if it is too large or too small?
#
# Popular answer: *it lies between 0 and 1. A higher one needs fewer epochs; a low one may never
# converge.*
#
# **Your guess**: with which rate, of 0.01 to 10, does this network have the lowest loss after 20 epochs?

# %%
guess = 0.1

# %%
RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 10.0)
SEEDS = range(3)


def per_arm(values, seeds=SEEDS):
    """One number an arm, for each of its seeds."""
    return torch.tensor(values, dtype=torch.float64).repeat_interleave(len(seeds))


by_rate = train(starts(SEEDS, len(RATES)), per_arm(RATES))
ends = losses(by_rate).view(len(RATES), -1)
right = accuracy(by_rate).view(len(RATES), -1)
best = RATES[int(ends.mean(1).argmin())]
print(f"your guess {guess:g}, measured {best:g}")
assert 0.1 < best < 3
assert right[RATES.index(best)].mean() > 0.9
assert right[0].mean() < 0.5
assert right[RATES.index(3.0) :].max() < 0.2

# %%
points = [
    {"rate": rate, "loss": each}
    for rate, row in zip(RATES, ends.tolist(), strict=True)
    for each in row
]
rate = (
    alt.X("rate:Q", title="learning rate").scale(type="log").axis(format="~g", values=list(RATES))
)
end = alt.Y("loss:Q", title="training loss after 20 epochs").scale(type="log")
valley = alt.Chart(rows(points)).encode(rate)
show(
    (
        valley.mark_line(color=LINE).encode(alt.Y("median(loss):Q").scale(type="log"))
        + valley.mark_point(color=LINE).encode(end)
    ).properties(width=480, height=220)
)

# %% [markdown]
# A valley: too low, and the epochs do not suffice; too high, and the network ends at chance. But is a
# low rate *stuck*? A tenth of the rate with ten times the steps should walk the same way. And is the
# scale from 0 to 1 of any meaning? Divide the loss by 10: every slope is a tenth, and ten times the rate
# is the very same training. That is the forgotten $1/N$ of part 1 once more.

# %%
few, many = losses(train(starts(SEEDS), 0.05)), losses(train(starts(SEEDS), 0.05, steps=1200))
fast = losses(train(starts(SEEDS), 0.5))
print(f"loss after 120 steps at 0.5: {fast.mean():.3f}")
print(f"at 0.05 after 120: {few.mean():.3f}; after 1200: {many.mean():.3f}")
assert 0.6 < many.mean() / fast.mean() < 1.5
assert few.mean() > 3 * fast.mean()


def tenth(net, x, y):
    """The same loss in another unit."""
    return cross_entropy_of(net, x, y) / 10


same, other = train(starts(SEEDS), 0.3), train(starts(SEEDS), 3.0, loss=tenth)
assert all(torch.allclose(same[k], other[k], atol=1e-8) for k in same)

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | between 0 and 1 | wrong: any positive number. With a tenth of the loss, 3 is what 0.3 was |
# | higher needs fewer epochs | only up to the bottom of the valley |
# | low may never converge | only if the steps run out |

# %%
recorded("q01")

# %% [markdown]
# Try it on your run: `unstuck explain q01 --on train.py`
#
# ### 2. Can a network be trained with all biases starting at zero?
#
# Popular answer: *yes, there is a possibility that it learns.*
#
# **Your guess**: how many points of accuracy do zero biases cost, against PyTorch's random ones?

# %%
guess = 3

# %%
FIVE = range(5)
ARMS = ("PyTorch's random", "zero", "zero, never trained", "-1", "-5")
nets = starts(FIVE, len(ARMS))
draw = torch.Generator().manual_seed(0)
for name, inputs in {"b": 9, "c": 72}.items():
    width = nets[name].shape[1]
    uniform = 2 * torch.rand(len(FIVE), width, generator=draw, dtype=torch.float64) - 1
    nets[name][:5] = uniform / np.sqrt(inputs)
nets["b"][15:20], nets["b"][20:] = -1, -5
trains = per_arm([1, 1, 0, 1, 1], FIVE)
biased = train(nets, {"W": 0.5, "V": 0.5, "b": 0.5 * trains, "c": 0.5 * trains})
right = accuracy(biased).view(len(ARMS), -1)
cost = 100 * float((right[0] - right[1]).mean())
print(f"your guess {guess:g} points, measured {cost:.2f}")
assert abs(cost) < 1.5
assert abs(right[2].mean() - right[0].mean()) < 0.02
assert right[3].mean() < right[1].mean()
assert right[4].max() < 0.2
assert biased["b"][5:10].abs().mean() > 0.02  # zero is where they begin, not where they stay

# %%
points = [
    {"start": arm, "accuracy": each}
    for arm, row in zip(ARMS, right.tolist(), strict=True)
    for each in row
]
correct = alt.X("accuracy:Q", title="accuracy on unseen digits").scale(domain=[0, 1])
arm = alt.Y("start:N", title="biases", sort=list(ARMS))
show(
    alt.Chart(rows(points))
    .mark_point(color=LINE)
    .encode(correct, arm)
    .properties(width=400, height=130)
)

# %% [markdown]
# The formula of part 1 says why: $db = \sum dz$ does not contain $b$. Biases of zero get a gradient like
# any other, and random *weights* already make the filters differ. What hurts is a bias so negative that
# ReLU shuts for all images: then $dz = 0$, and nothing that would open it again is ever learned.
#
# | popular answer | verdict |
# |---|---|
# | there is a possibility | too timid: zero is the standard; here even biases that never move do as well |

# %%
recorded("q02")

# %% [markdown]
# Try it on your run: `unstuck explain q02 --on train.py`
#
# ### 3. Can a network be trained with all weights zero, or all equal?
#
# Popular answer: *no, it never learns; the derivatives are the same for every weight.*
#
# **Your guess**: which accuracy does this network reach if all weights begin at 0.1? (Chance is 0.1.)

# %%
guess = 0.1

# %%
nets = starts([0], arms=3)
for name in ("W", "V"):
    nets[name][1], nets[name][2] = 0, 0.1
equal = train(nets, 0.5)
right = accuracy(equal).tolist()
print(
    f"random {right[0]:.2f}, all zero {right[1]:.2f}, all 0.1 {right[2]:.2f}; your guess {guess:g}"
)
assert right[0] > 0.9
assert 0.5 < right[2] < right[0] - 0.05

filters = equal["W"][:, :, 0]
between = (filters.amax(1) - filters.amin(1)).amax((1, 2))
within = filters.amax((2, 3)) - filters.amin((2, 3))
assert between[0] > 0.1
assert between[2] < 1e-12  # between filters: no difference at all
assert within[2].min() > 0.1  # within a filter: plenty

show(
    heat({f"random {k}": filters[0, k].numpy() for k in range(6)})
    & heat({f"all 0.1: {k}": filters[2, k].numpy() for k in range(6)})
)

# %% [markdown]
# The lower row is one filter, again and again. In $dW_{kcij} = \sum dz_{nkhw} \, x_{n,c,h+i,w+j}$ the
# number of the filter, $k$, stands only in $dz$, and equal filters with equal weights above get equal
# $dz$. So they move together for ever. But *within* a filter the gradients differ, as pixels do: the one
# filter that is there learns quite well.
#
# Eight equal filters are, exactly, a network with one filter, if its rates are set to match. (To show
# it, the filter is a random one. With 0.1 everywhere many different patches have the same sum, pooling
# meets ties, and rounding settles them: the convention of part 1 at work.)

# %%
one = starts([0], filters=1)
eight = {"W": one["W"].repeat(1, 8, 1, 1, 1), "b": one["b"].repeat(1, 8), "c": one["c"]}
eight["V"] = one["V"].repeat(1, 1, 8) / 8
one = train(one, 0.3)
eight = train(eight, {"W": 0.3 * 8, "b": 0.3 * 8, "V": 0.3 / 8, "c": 0.3})
assert accuracy(one) > 0.5
assert torch.allclose(one["W"][:, 0], eight["W"][:, 7], atol=1e-9)
assert torch.equal(accuracy(one), accuracy(eight))

# %% [markdown]
# And all zero? Then $f = 0$, so $dV = ds^T f = 0$; and $df = ds \, V = 0$, so $dW = 0$. Only $dc$ is
# left: the network learns how frequent each digit is, and no more. Its loss ends at the entropy of these
# frequencies.

# %%
share = F.one_hot(Y, 10).double().mean(0)
entropy = float(-(share * share.log()).sum())
assert equal["W"][1].abs().max() == 0
assert equal["V"][1].abs().max() == 0
assert equal["c"][1].abs().max() > 0.01
assert abs(losses(equal)[1].item() - entropy) < 0.01

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | with zeros it never learns | almost: the output bias does. (With a sigmoid, more would) |
# | the same derivative for every weight | wrong: for every *filter*. Pixels and classes differ |
# | equal weights learn nothing | wrong: they learn what one filter can |

# %%
recorded("q03")

# %% [markdown]
# Try it on your run: `unstuck explain q03 --on train.py`
#
# ### 4. What made powerful neural networks practical in industry?
#
# Popular answer: *they are universal approximators, transfer well, and hardware became fast.*
#
# **Your guess**: 64 units fit $\sin 2t$ almost perfectly between $-\pi$ and $\pi$. How large is their
# typical error in the next piece of the same length?

# %%
guess = 0.1

# %%
draw = np.random.default_rng(0)
slope, shift = draw.standard_normal((2, 64)) * [[2], [4]]
t = np.linspace(-np.pi, 3 * np.pi, 401)
hidden, wave = np.tanh(np.outer(t, slope) + shift), np.sin(2 * t)
known = t <= np.pi
weights, *_ = np.linalg.lstsq(hidden[known], wave[known], rcond=1e-4)  # the best there are
fitted = hidden @ weights
inside, outside = (np.sqrt(np.mean((fitted - wave)[part] ** 2)) for part in (known, ~known))
print(f"error where it was fitted {inside:.4f}; your guess {guess:g}, measured {outside:.2f}")
assert inside < 0.01
assert outside > 0.5

# %%
curves = {"sine": wave, "net": np.clip(fitted, -3, 3)}
points = [
    {"t": t[at], "value": values[at], "of": of}
    for of, values in curves.items()
    for at in range(401)
]
show(
    alt.Chart(rows(points))
    .mark_line()
    .encode(
        alt.X("t:Q"),
        alt.Y("value:Q", title=None),
        alt.Color("of:N", title=None).scale(range=[LINE, OTHER]),
        alt.StrokeDash("of:N", title=None),
    )
    .properties(width=480, height=150)
)

# %% [markdown]
# *Universal approximation* says that weights exist which fit a function on an interval. It says nothing
# of finding them, nor of anything outside. Polynomials can do the same, and nobody asks why they took
# off.
#
# | popular answer | verdict |
# |---|---|
# | universal approximators | an existence result, shared with many others: no explanation |
# | transfer learning, hardware | right, but data, better algorithms and automatic gradients are missing |
#
# No small experiment can settle a question of history; it can illustrate its parts.

# %%
recorded("q04")
question = unstuck.explain("q04")
print(*question.evidence.results, sep="\n")
show(question.picture(question.evidence))

# %% [markdown]
# Try it on your run: `unstuck explain q04 --on train.py`
#
# ### 5. Can you build a deep model out of linear layers only?
#
# Popular answer: *yes, but it is one linear map, so nothing extraordinary.*
#
# **Your guess**: two linear layers learn four directions with strengths 4, 2, 1 and 1/2. How many times
# as long as the strongest does the weakest take?

# %%
guess = 1

# %% [markdown]
# First the part that is right, with our own tools. Two convolutions without a ReLU between them are one
# convolution with larger kernels, and the kernels of that one come from a function that we have:
# `back_to_images`. To hand $dz$ back through a layer is to convolve, and so is to put two layers in a
# row.

# %%
draw = np.random.default_rng(0)
A, B = draw.standard_normal((3, 1, 3, 3)), draw.standard_normal((2, 3, 3, 3))
both = convolve(convolve(x, A, np.zeros(3)), B, np.zeros(2))
merged = back_to_images(B, A)  # 5 x 5 kernels
windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(2, 3))
assert np.allclose(both, np.einsum("nchwij,kcij->nkhw", windows, merged), atol=1e-10)

# %% [markdown]
# Now the learning, which is another matter. This runs the experiment of the tool, here and now:

# %%
question = unstuck.explain("q05")
proof = question.prove()
assert not any(result.verdict == "refuted" for result in proof.results)
print(f"your guess {guess:g}, measured {np.mean(proof.numbers['wait_2']):.1f}\n")
print(proof)
show(question.picture(proof))

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | one linear map | right, exactly |
# | nothing extraordinary | wrong: it learns one direction after another, and prefers low rank |
#
# Try it on your run: `unstuck explain q05 --on train.py`
#
# ### 6. Accuracy drops after some epochs: what is it, and what to do?
#
# Popular answer: *it is overfitting; stop as soon as accuracy drops.*
#
# **Your guess**: in two runs the accuracy on unseen digits falls by 10 points and more from its best.
# How many points does the accuracy on *training* digits fall meanwhile, in the run that overfits?

# %%
guess = 10

# %% [markdown]
# In the first run 30 % of the labels are wrong, and there is a lot of time to learn them by heart. In
# the second all labels are right, but a third of the way on, the rate jumps from 0.5 to 3, as a badly
# set schedule does.

# %%
draw = torch.Generator().manual_seed(0)
wrong_label = torch.rand(len(Y), generator=draw) < 0.3
noisy = torch.where(wrong_label, torch.randint(10, Y.shape, generator=draw), Y)


def followed(y, rates):
    """Accuracies on training and on unseen digits, (looks, starts) each; one look in three epochs."""
    nets, seen = starts(SEEDS, filters=16), []
    for look, rate in enumerate(rates):
        nets = train(nets, rate, steps=18, y=y, seed=look)
        seen.append((accuracy(nets, X, y), accuracy(nets, X_test[:500], Y_test[:500])))
    fitted, unseen = (torch.stack(each) for each in zip(*seen, strict=True))
    return fitted, unseen


memorised = followed(noisy, [0.5] * 20)
jumped = followed(Y, [0.5] * 7 + [3.0] * 13)


def falls(fitted, unseen):
    """How far both end below where unseen digits were at their best; the end is three looks long."""
    best = unseen.argmax(0, keepdim=True)
    return [float((of.gather(0, best) - of[-3:].mean(0)).mean()) for of in (fitted, unseen)]


for run, curves in {"wrong labels": memorised, "rate jumps": jumped}.items():
    print("{}: training falls by {:.2f}, unseen by {:.2f}".format(run, *falls(*curves)))
    assert falls(*curves)[1] > 0.1
print(f"your guess {guess:g} points, measured {100 * falls(*memorised)[0]:.0f}")
assert falls(*memorised)[0] < -0.03
assert falls(*jumped)[0] > 0.1

# %%
points = [
    {"epoch": 3 * look + 3, "accuracy": float(value), "of": of, "run": run}
    for run, curves in {"30 % wrong labels": memorised, "rate jumps to 3": jumped}.items()
    for of, curve in zip(("training", "unseen"), curves, strict=True)
    for look, value in enumerate(curve.mean(1))
]
show(
    alt.Chart(rows(points))
    .mark_line()
    .encode(
        alt.X("epoch:Q"),
        alt.Y("accuracy:Q").scale(domain=[0, 1]),
        alt.Color("of:N", title=None).scale(range=[OTHER, LINE]),
        alt.StrokeDash("of:N", title=None).scale(range=[[5, 3], [1, 0]]),
        alt.Column("run:N"),
    )
    .properties(width=230, height=200)
)

# %% [markdown]
# The same fall, two causes: only the *training* curve tells them apart. It rises where the network
# learns wrong labels by heart; it falls along where the steps are too large. Stopping early helps in the
# first case, if you wait some looks and go back to the best weights:

# %%
fitted, unseen = memorised
for curve in unseen.T:
    waits = [
        look for look in range(5, 20) if curve[look - 4 : look + 1].max() < curve[: look - 4].max()
    ]
    kept = curve[: waits[0] + 1].max()  # five looks without a new best: back to the best
    assert curve.max() - kept < 0.1 * (curve.max() - curve[-1])

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | a drop is overfitting | only if training accuracy does not drop as well |
# | stop as soon as it drops | with patience, and back to the best weights: single dips are noise |

# %%
recorded("q06")

# %% [markdown]
# Try it on your run: `unstuck explain q06 --on train.py`
#
# ### 7. What does an ill-chosen learning rate do to the weights?
#
# Popular answer: *filters of images become noisy.*
#
# **Your guess**: relative to their start, how far do the filters move at a rate of 0.01?

# %%
guess = 0.5

# %%
first = starts(SEEDS, len(RATES))["W"]
moved = (by_rate["W"] - first).flatten(1).norm(dim=1) / first.flatten(1).norm(dim=1)
opens = torch.vmap(lambda net: F.conv2d(X, net["W"], net["b"]) > 0)(by_rate)
dead = 1 - opens.any(4).any(3).any(1).double().mean(1)  # the share of filters that no image opens
moved, dead, right = (of.view(len(RATES), -1).mean(1) for of in (moved, dead, accuracy(by_rate)))
for each in zip(RATES, moved, dead, right, strict=True):
    print("rate {:5g}: moved by {:6.2f} of their size, {:4.0%} dead, accuracy {:.2f}".format(*each))
print(f"your guess {guess:g}, measured {moved[0]:.2f}")
assert moved[0] < 0.1
assert dead[0] == 0
assert moved[RATES.index(10.0)] > 2
assert dead[RATES.index(3.0) :].min() > 0.5
assert (by_rate["W"][18:21] < 0).double().mean() > 0.7  # at rate 3

# %%
chosen = {"start": first[0]} | {f"rate {RATES[arm]:g}": by_rate["W"][3 * arm] for arm in (0, 4, 6)}
rows_of_filters = [
    heat({name if k == 0 else " " * k: filters[k, 0].numpy() for k in range(7)})
    for name, filters in chosen.items()
]
show(alt.vconcat(*rows_of_filters))

# %% [markdown]
# (Each filter is scaled to its own largest weight.) At 0.01 the filters *are* the random start, noise
# included. At a good rate they take shape. Too high a rate threw them far away in the first steps, and left
# most weights negative: on pixels, which never are, such a filter opens ReLU for no patch, and is dead.
# (Filters of 3 x 3 are too small to be called smooth or noisy by a number.)
#
# | popular answer | verdict |
# |---|---|
# | a wrong rate makes filters noisy | too low *leaves* them noisy; too high makes them large, and dead |

# %%
recorded("q07")

# %% [markdown]
# Try it on your run: `unstuck explain q07 --on train.py`
#
# ### 8. What are batch, iteration and epoch?
#
# Popular answer: *a batch is the number of examples used in one iteration; iterations are the number of
# batches in an epoch.*
#
# **Your guess**: 300 digits in batches of 64: how many updates is an epoch?

# %%
guess = 4

# %%
from torch.utils.data import DataLoader

kept = [len(batch) for batch in DataLoader(X, batch_size=64)]
dropped = [len(batch) for batch in DataLoader(X, batch_size=64, drop_last=True)]
print(f"your guess {guess}, measured {len(kept)}: {kept}; with drop_last {dropped}")
assert (len(kept), kept[-1]) == (-(-300 // 64), 44)
assert len(dropped) == 300 // 64

# %% [markdown]
# A batch may be computed in parts. The gradient of 300 is the mean of the gradients of four times 75,
# since both are means. Who only adds them up gets four times the gradient: the forgotten $1/N$, for the
# third time.

# %%
net = start(0)
whole = gradients(x, y, net)
parts = [gradients(x[at : at + 75], y[at : at + 75], net) for at in range(0, 300, 75)]
for name in net:
    summed = sum(part[name] for part in parts)
    assert np.allclose(summed / 4, whole[name], atol=1e-14)
    assert np.allclose(summed, 4 * whole[name], atol=1e-14)

# %% [markdown]
# Why it matters which of the words you use: the same *epochs* with other batches are not the same
# training.

# %%
SIZES = (10, 30, 100, 300)
points = []
for size in SIZES:
    for budget, steps in {"20 epochs": 6000 // size, "200 updates": 200}.items():
        right = accuracy(train(starts(SEEDS), 0.1, steps, size))
        points += [{"size": size, "accuracy": each, "budget": budget} for each in right.tolist()]


def mean_accuracy(budget, size):
    """Over the starts."""
    return np.mean([p["accuracy"] for p in points if (p["budget"], p["size"]) == (budget, size)])


by_epochs, by_updates = (
    [mean_accuracy(of, size) for size in SIZES] for of in ("20 epochs", "200 updates")
)
assert max(by_epochs) - min(by_epochs) > 0.2
assert max(by_updates) - min(by_updates) < 0.06
size = alt.X("size:O", title="batch size").axis(labelAngle=0)
correct = alt.Y("accuracy:Q").scale(domain=[0, 1])
budget = alt.Column("budget:N", sort=["20 epochs", "200 updates"])
show(
    alt.Chart(rows(points))
    .mark_point(color=LINE)
    .encode(size, correct, budget)
    .properties(width=200, height=180)
)

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | a batch is a number | that is the batch *size*; the batch is the set |
# | iterations: batches of an epoch | wrong: an iteration is one update; an epoch has $\lceil N/B \rceil$ |
# | an epoch is all data once | right, unless examples are drawn with replacement |

# %%
recorded("q08")

# %% [markdown]
# Try it on your run: `unstuck explain q08 --on train.py`
#
# ### 9. Can the learning rate be computed in advance?
#
# Popular answer: *for simple models; not for complex ones.*
#
# **Your guess**: theory forbids rates above $2/\lambda$, with $\lambda$ the largest curvature of the
# loss at the start. At how many times $1/\lambda$ does the loss of our CNN begin to rise?

# %%
guess = 10

# %% [markdown]
# First a simple model: keep the filters as they are and train the last layer with squared error. That
# loss is a parabola in $V$ and $c$, and its largest curvature an eigenvalue. One percent below the limit
# gradient descent must converge, one percent above it must not.

# %%
net = start(0)
f, _ = pool(np.maximum(convolve(x, net["W"], net["b"]), 0))
f, wanted = np.hstack([f, np.ones((300, 1))]), np.eye(10)[y]
curvature = np.linalg.eigvalsh(f.T @ f / 300)[-1]


def squared_error(rate, steps=600):
    """Of the last layer, after so many steps from zero."""
    V = np.zeros((10, 73))
    for _ in range(steps):
        V -= rate * (f @ V.T - wanted).T @ f / 300
    return ((f @ V.T - wanted) ** 2).sum(1).mean() / 2


limit = 2 / curvature
before, below, above = squared_error(0, 0), squared_error(0.99 * limit), squared_error(1.01 * limit)
print(
    f"limit {limit:.3f}; error {before:.2f} before, {below:.2f} just below, {above:.1e} just above"
)
assert below < 0.5 * before
assert above > 100 * before

# %% [markdown]
# Now all of the CNN, with the same squared error on 100 digits. Its curvature changes from place to
# place, but $\lambda$ at the start is found all the same, without writing down the matrix: multiply a
# random direction by it again and again (*power iteration*). The product is the slope of the gradient in
# that direction.


# %%
def error_of(net, x, y):
    """Half the squared error of one network."""
    return ((cnn(net, x) - F.one_hot(y, 10)) ** 2).sum(1).mean() / 2


def sharpness(net, rounds=25):
    """The largest curvature of the squared error at this place."""
    draw = torch.Generator().manual_seed(0)
    v = {k: torch.randn(p.shape, generator=draw, dtype=p.dtype) for k, p in net.items()}
    slopes = torch.func.grad(lambda net: error_of(net, X[:100], Y[:100]))
    for _ in range(rounds):
        size = sum((p**2).sum() for p in v.values()).sqrt()
        unit = {k: p / size for k, p in v.items()}
        _, v = torch.func.jvp(slopes, (net,), (unit,))
    return float(sum((unit[k] * v[k]).sum() for k in v))


def descend(nets, rates, steps):
    """With all 100 digits at once: the stack, and the losses of every step (steps, nets)."""
    slopes_of = torch.vmap(torch.func.grad_and_value(error_of), in_dims=(0, None, None))
    course = []
    for _ in range(steps):
        slopes, losses = slopes_of(nets, X[:100], Y[:100])
        course.append(losses)
        nets = {k: nets[k] - aligned(rates, nets[k]) * slopes[k] for k in nets}
    return nets, torch.stack(course)


# %%
TIMES = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
each = starts(FIVE)
sharp = torch.tensor([sharpness({k: v[seed] for k, v in each.items()}) for seed in FIVE])
_, course = descend(starts(FIVE, len(TIMES)), per_arm(TIMES, FIVE) / sharp.repeat(len(TIMES)), 40)
rose = (course.amax(0) > course[0]).view(len(TIMES), -1)
for times, row in zip(TIMES, rose, strict=True):
    print(
        f"rate {times:g} / curvature: the loss rises above its start in {int(row.sum())} of 5 runs"
    )
print(f"your guess {guess:g}, measured between 2 and 4")
assert not rose[: TIMES.index(2.0) + 1].any()
assert rose[TIMES.index(4.0) :].all()

# %% [markdown]
# Computed before the first step, and right within a factor of two for a network that is anything but a
# parabola. What cannot be known in advance is where the curvature goes from there. At a rate a little
# above the limit the first steps jump to where the loss is flatter; from then on, with a fixed rate and
# full batches, the curvature *grows*, towards the value where rate times curvature is 2 again:

# %%
nets, points = starts(SEEDS), []
rates = 2.5 / sharp[: len(SEEDS)]
for step in range(0, 601, 100):
    for seed in SEEDS:
        product = rates[seed] * sharpness({k: v[seed] for k, v in nets.items()})
        points.append({"step": step, "product": float(product), "start": seed})
    nets, _ = descend(nets, rates, 100)
products = np.array([point["product"] for point in points]).reshape(-1, len(SEEDS))
print(products.round(2))
assert (products[1] < 2).all()
assert (products[-1] > products[1]).all()
assert (products[1:] < 2.2).all()
product = alt.Y("product:Q", title="rate x curvature").scale(domain=[0, 3], clamp=True)
limit = (
    alt.Chart(rows([{"limit": 2}]))
    .mark_rule(color=OTHER, strokeDash=[4, 3])
    .encode(alt.Y("limit:Q"))
)
drawn = (
    alt.Chart(rows(points))
    .mark_line(point=True, color=LINE)
    .encode(alt.X("step:Q"), product, alt.Detail("start:N"))
)
show((drawn + limit).properties(width=480, height=200))

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | for simple models | right, here to one percent |
# | not for complex ones | too strong: the best rate no, but a limit for the first steps yes |

# %%
recorded("q09")

# %% [markdown]
# Try it on your run: `unstuck explain q09 --on train.py`
#
# ### 10. What are the usual ways of setting the learning rate?
#
# Popular answer: *a fixed value, a schedule, an adaptive method, or adding momentum.*
#
# **Your guess**: momentum of 0.9 acts like a learning rate how many times as large?

# %%
guess = 1

# %% [markdown]
# Momentum keeps a share $\beta$ of the last step. If the slope stays the same, the steps add up to $1 +
# \beta + \beta^2 + \ldots = 1 / (1 - \beta)$ times as much.

# %%
speed = 0.0
for _ in range(200):
    speed = 0.9 * speed + 1
print(f"your guess {guess:g}, measured {speed:.1f}")
assert abs(speed - 1 / (1 - 0.9)) < 1e-6

# %% [markdown]
# | popular answer | verdict |
# |---|---|
# | fixed, schedule, adaptive | right; a rate that falls usually ends lower, and Adam still has one to tune |
# | momentum | wrong as a way of *setting* the rate: it multiplies the one you set |
# | these four | incomplete: warm-up, range tests, line search, methods that estimate the rate |

# %%
recorded("q10")
question = unstuck.explain("q10")
print(*question.evidence.results, sep="\n")
show(question.picture(question.evidence))

# %% [markdown]
# Try it on your run: `unstuck explain q10 --on train.py`
#
# ### Where to go on
#
# `unstuck explain` lists the other twelve questions, and `unstuck check train.py` looks at your own
# training. Or break something in part 1 and run it again: the cells below it will not let it pass.
