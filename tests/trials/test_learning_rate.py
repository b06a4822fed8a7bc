"""``unstuck.find_learning_rate``: what it finds, what it says, and that it leaves no trace."""

import collections
import copy
import math
import random
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import unstuck
from unstuck.errors import NotSearchable, UnstuckError
from unstuck.trials import learning_rate
from unstuck.trials.halving import GRID
from unstuck.trials.rate_search import LearningRateSearch

SLOW = 0.0032


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)


def clusters(rows=640, seed=0):
    """Four clouds in 8 dimensions: something that is learnt in 100 steps."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (rows,), generator=generator)
    middles = torch.randn(4, 8, generator=generator)
    return middles[y] + 0.7 * torch.randn(rows, 8, generator=generator), y


def loader(**how):
    return DataLoader(TensorDataset(*clusters()), batch_size=16, shuffle=True, **how)


def plain_model():
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))


class Counting(nn.Module):
    """It keeps what it saw, in every way modules do."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.ReLU(), nn.Linear(16, 4)
        )
        self.calls = 0
        self.hidden = torch.zeros(4)
        self.seen = {"last": None, "sizes": [1]}
        self.recent = collections.deque([1], maxlen=3)
        self.kinds = {1}
        self.table = np.zeros(3)
        self.own = torch.Generator().manual_seed(3)
        self.register_buffer("fixed", torch.zeros(1).expand(4))

    def forward(self, x):
        self.calls += 1
        self.seen["last"] = self.hidden = x.mean(0)[:4].detach()
        self.seen["sizes"].append(len(x))
        self.recent.append(len(x))
        self.kinds.add(self.calls)
        self.table += 1
        noise = torch.rand(8, generator=self.own) + random.random() + float(np.random.rand())
        return self.body(x + 0.01 * noise) + self.fixed


def everything(model, optimizer):
    """All that could have been changed, as bytes and plain values."""

    def plain(value):
        if isinstance(value, torch.Tensor):
            return (str(value.dtype), value.detach().numpy().tobytes(), value.requires_grad)
        if isinstance(value, dict):
            return [
                (key if isinstance(key, str) else id(key), plain(v)) for key, v in value.items()
            ]
        if isinstance(value, list | tuple | collections.deque | set):
            return [plain(item) for item in value]
        if isinstance(value, np.ndarray):
            return value.tobytes()
        if isinstance(value, torch.Generator):
            return value.get_state().numpy().tobytes()
        return value if isinstance(value, int | float | bool | str) else id(value)

    modules = [plain(vars(module)) for module in model.modules()]
    grads = [None if p.grad is None else (id(p.grad), plain(p.grad)) for p in model.parameters()]
    generators = [
        torch.get_rng_state().numpy().tobytes(),
        random.getstate(),
        repr(np.random.get_state()),
    ]
    return [modules, grads, plain(vars(optimizer)), generators]


def trained_a_little(model, optimizer):
    x, y = clusters(48, seed=5)
    for _ in range(3):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def two_groups(model, kind=torch.optim.Adam, **how):
    early, late = list(model.body[0].parameters()), list(model.body[1:].parameters())
    return kind([{"params": early, "lr": 0.001}, {"params": late, "lr": 0.01}], **how)


@pytest.fixture(params=["fresh", "in the middle", "evaluating", "frozen"])
def state(request):
    """A model and its optimizer, in a state in which somebody may ask."""
    model = Counting()
    optimizer = two_groups(model)
    if request.param != "fresh":
        trained_a_little(model, optimizer)
    if request.param == "in the middle":
        model.body[0].weight.grad = None
        model.body[1].eval()
    if request.param == "evaluating":
        model.eval()
    if request.param == "frozen":
        model.body[0].requires_grad_(False)
    return model, optimizer


def test_everything_is_as_it_was(state):
    before = everything(*state)
    found = unstuck.find_learning_rate(*state, nn.CrossEntropyLoss(), loader())
    assert found.choice is not None
    assert everything(*state) == before


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop])
@pytest.mark.parametrize("foreach", [False, True])
def test_training_goes_on_as_if_nothing_had_been(kind, foreach):
    def ends(searched):
        for seed in (torch.manual_seed, random.seed, np.random.seed):
            seed(1)
        model = Counting()
        optimizer = two_groups(model, kind, foreach=foreach)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
        trained_a_little(model, optimizer)
        schedule.step()
        if searched:
            unstuck.find_learning_rate(model, optimizer, functional.cross_entropy, loader())
        trained_a_little(model, optimizer)
        schedule.step()
        return [
            *model.state_dict().values(),
            torch.get_rng_state(),
            torch.tensor(schedule.get_last_lr()),
        ]

    assert all(torch.equal(a, b) for a, b in zip(ends(False), ends(True), strict=True))


@pytest.mark.parametrize(
    ("error", "call"),
    [(ValueError, 1), (KeyboardInterrupt, 20), (SystemExit, 150), (ValueError, 400)],
)
def test_everything_is_as_it_was_after_an_exception(state, error, call):
    before = everything(*state)
    calls = []

    def loss(output, targets):
        calls.append(1)
        if len(calls) == call:
            raise error("in the middle")
        return functional.cross_entropy(output, targets)

    # A rate that had made it worse takes the blame of a ValueError: then the search goes on.
    try:
        unstuck.find_learning_rate(*state, loss, loader())
    except error:
        pass
    else:
        assert error is ValueError
        assert call > 12
    assert everything(*state) == before


def test_ctrl_c_while_it_puts_back_leaves_nothing_half_done(monkeypatch):
    model = Counting()
    optimizer = two_groups(model)
    before = everything(model, optimizer)
    put_back, close = learning_rate.Kept._put_back, learning_rate.ReadBatches.close
    ended, interrupted = [], []

    def cut(self):
        if ended and not interrupted:
            interrupted.append(1)
            raise KeyboardInterrupt
        put_back(self)

    def closed(self):
        ended.append(1)
        close(self)

    monkeypatch.setattr(learning_rate.Kept, "_put_back", cut)
    monkeypatch.setattr(learning_rate.ReadBatches, "close", closed)
    # As many batches as are needed: their end would close the reading before that of the search.
    batches = [clusters(16, seed) for seed in range(101)]
    with pytest.raises(KeyboardInterrupt):
        unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
    assert (len(ended), len(interrupted)) == (1, 1)
    assert everything(model, optimizer) == before


def test_what_a_model_freezes_on_its_way_is_trained_again():
    class Freezing(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = plain_model()

        def forward(self, x):
            out = self.body(x)
            self.body[0].requires_grad_(False)
            return out

    model = Freezing()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.choice is not None
    assert all(p.requires_grad for p in model.parameters())


def test_a_real_ctrl_c_leaves_no_trace():
    model = Counting()
    optimizer = two_groups(model)
    before = everything(model, optimizer)
    # A process started in the background ignores it.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])

    def slow(output, targets):
        threading.Event().wait(0.005)
        return functional.cross_entropy(output, targets)

    timer.start()
    with pytest.raises(KeyboardInterrupt):
        unstuck.find_learning_rate(model, optimizer, slow, loader())
    timer.join()
    signal.signal(signal.SIGINT, usual)
    assert everything(model, optimizer) == before


def test_objects_stay_the_same_objects():
    model = Counting()
    optimizer = two_groups(model)
    trained_a_little(model, optimizer)
    held = [
        *model.parameters(),
        *(value for each in optimizer.state.values() for value in each.values()),
        *optimizer.param_groups,
        model.hidden,
        model.seen["sizes"],
    ]
    pointers = [thing.data_ptr() for thing in held if isinstance(thing, torch.Tensor)]
    unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    now = [
        *model.parameters(),
        *(value for each in optimizer.state.values() for value in each.values()),
        *optimizer.param_groups,
        model.hidden,
        model.seen["sizes"],
    ]
    assert all(a is b for a, b in zip(held, now, strict=True))
    assert pointers == [thing.data_ptr() for thing in now if isinstance(thing, torch.Tensor)]


def test_hooks_stay_and_parametrizations_work():
    model = plain_model()
    torch.nn.utils.parametrizations.spectral_norm(model[0])
    torch.nn.utils.parametrizations.weight_norm(model[2])
    handle = model[0].register_forward_hook(lambda *_: None)
    hooks = dict(model[0]._forward_hooks)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    before = copy.deepcopy(model.state_dict())
    assert unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader()).choice
    assert dict(model[0]._forward_hooks) == hooks
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    handle.remove()


def test_the_loader_gives_the_batches_it_would_have_given():
    def firsts(searched, **how):
        torch.manual_seed(3)
        batches = loader(**how)
        model = plain_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        if searched:
            unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
        return [x for x, _ in batches]

    for how in ({}, {"generator": torch.Generator().manual_seed(5)}):
        plain = firsts(False, **copy.copy(how))
        if how:
            how["generator"].manual_seed(5)
        assert all(map(torch.equal, plain, firsts(True, **how)))


def test_ratios_between_groups_are_kept():
    model = Counting()
    optimizer = two_groups(model)
    rates = set()
    step = optimizer.step

    def watched():
        rates.add(tuple(group["lr"] for group in optimizer.param_groups))
        return step()

    optimizer.step = watched
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert sorted(rate for rate, _ in rates) == pytest.approx(list(GRID))
    assert all(second == pytest.approx(10 * first) for first, second in rates)
    assert found.current == 0.001


def test_a_rate_that_is_a_tensor_and_a_warm_up_that_starts_at_zero():
    model = plain_model()
    rate = torch.tensor(0.01)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.current == pytest.approx(0.01)
    assert optimizer.param_groups[0]["lr"] is rate
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 10)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.current == 0.5
    assert optimizer.param_groups[0]["lr"] == 0


# What it finds


def end_of_training(make, rate, kind, batches):
    """The mean loss over the last tenth of 100 steps, written anew: the slow way to know."""
    torch.manual_seed(0)
    model = make()
    optimizer = kind(model.parameters(), lr=rate)
    losses = []
    for step in range(100):
        x, y = batches[step % len(batches)]
        loss = functional.cross_entropy(model(x), y)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            return math.inf
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return sum(losses[-10:]) / 10


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("scale", [1.0, 20.0], ids=["usual inputs", "inputs 20 times larger"])
def test_the_rate_is_at_most_half_a_decade_from_the_best(kind, scale):
    x, y = clusters()
    batches = list(zip((x * scale).split(16), y.split(16), strict=True))
    ends = {rate: end_of_training(plain_model, rate, kind, batches) for rate in GRID}
    best = min(ends, key=ends.get)
    torch.manual_seed(0)
    model = plain_model()
    optimizer = kind(model.parameters(), lr=1e-3)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
    assert 1 / 3.21 < found.choice / best < 3.21
    assert found.stable[0] <= found.choice <= found.stable[1]
    # What it measured is what a loop of one's own gives.
    mine = found.ends[found.rates.index(found.choice)]
    assert mine == pytest.approx(ends[found.choice], rel=1e-6)


def test_rates_that_wait_and_rates_that_begin_again_give_the_same(monkeypatch):
    def losses():
        torch.manual_seed(2)
        model = Counting()
        return unstuck.find_learning_rate(model, two_groups(model), nn.CrossEntropyLoss(), loader())

    waiting = losses()
    monkeypatch.setattr(learning_rate, "ROOM", 0)
    again = losses()
    assert again.losses == waiting.losses
    assert (waiting.steps, again.steps) == (447, 731)


def test_twice_the_same_and_thorough_takes_longer():
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(0)
    first = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    second = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert first.losses == second.losses
    assert first.steps == 447
    thorough = unstuck.find_learning_rate(
        model, optimizer, nn.CrossEntropyLoss(), loader(), thorough=True
    )
    assert thorough.steps == 900
    assert max(map(len, thorough.losses)) == 200


@pytest.mark.parametrize(
    ("size", "rate", "said"), [(447.0, GRID[0], "smallest"), (0.1, GRID[-1], "largest")]
)
def test_a_choice_at_the_edge_of_the_grid_is_said(size, rate, said):
    model, batches = quadratic([size, size])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    found = unstuck.find_learning_rate(model, optimizer, half_squared, batches)
    assert found.choice == rate
    assert f"It is the {said} of the grid" in str(found)


# When nothing helps


def test_no_gradient_is_said():
    model = plain_model().requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.choice is None
    assert found.stable is None
    assert found.steps == 0
    assert "No learning rate makes the loss fall: no gradient reaches" in str(found)


def test_a_detached_loss_is_said():
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(
        model, optimizer, lambda out, y: functional.cross_entropy(out, y).detach(), loader()
    )
    assert found.choice is None
    assert "no gradient reaches the parameters" in found.reason


@pytest.mark.parametrize("seed", range(4))
def test_targets_that_are_noise_teach_nothing(seed):
    """The output is 0 at first, which is the best that can be said of noise around 0."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    kind = [torch.optim.SGD, torch.optim.Adam][seed % 2]
    noise = ((torch.randn(16, 8), torch.randn(16, 1)) for _ in range(100))
    found = unstuck.find_learning_rate(
        model, kind(model.parameters(), lr=0.01), nn.MSELoss(), noise
    )
    assert found.choice is None
    assert "beyond the noise" in str(found)


def test_a_loss_that_is_nan_from_the_start_is_said():
    model = plain_model()
    with torch.no_grad():
        model[0].weight[0, 0] = math.nan
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.choice is None
    assert "not finite before any training" in str(found)
    assert torch.isnan(model[0].weight[0, 0])
    found._repr_html_()


def test_rates_that_diverge_are_marked_and_never_chosen():
    x, y = clusters()
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = list(zip((x * 1e6).split(16), y.float().split(16), strict=True))
    found = unstuck.find_learning_rate(
        model, optimizer, lambda out, y: ((out[:, 0] - y) ** 4).mean(), batches
    )
    assert any(math.isnan(losses[-1]) or math.isinf(losses[-1]) for losses in found.losses)
    assert found.choice is None or math.isfinite(found.ends[found.rates.index(found.choice)])
    assert "diverged" in str(found)
    assert "NaN" not in found._repr_html_()


def test_a_loss_that_refuses_what_a_diverged_network_gives_costs_the_rate_not_the_search():
    """As distributions refuse NaN, and decompositions what is not positive."""
    model = plain_model()
    refused = []

    def loss(output, targets):
        if output.abs().max() > 100:
            refused.append(1)
            raise ValueError("not a sensible value")
        return functional.cross_entropy(output, targets)

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, loss, loader())
    assert found.choice is not None
    assert refused
    assert "diverged" in str(found)


def test_an_error_of_the_loop_is_not_taken_for_divergence():
    model = plain_model()
    kept = []

    def loss(output, targets):
        kept.append(functional.cross_entropy(output, targets))
        return kept[-1] + kept[0] * 0  # its graph is gone after the first backward

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="second time"):
        unstuck.find_learning_rate(model, optimizer, loss, loader())


# What it is given


def counted(source, taken):
    for item in source:
        taken.append(1)
        yield item


def test_a_generator_is_read_as_far_as_needed_and_no_further():
    def endless():
        for seed in range(1000):
            yield clusters(16, seed=seed)

    taken = []
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    source = counted(endless(), taken)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), source)
    assert len(taken) == found.batches == 100
    assert next(source) is not None


def test_if_all_diverge_no_more_is_read_than_was_tried():
    taken = []
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    source = counted(loader(), taken)
    unstuck.find_learning_rate(
        model, optimizer, lambda out, y: out.mean() * 1e30 + out.mean() ** 2 * math.nan, source
    )
    assert len(taken) == 12


def test_a_short_iterator_comes_round_again_and_is_read_once():
    taken = []
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = clusters(48)
    source = counted(zip(x.split(16), y.split(16), strict=True), taken)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), source)
    assert len(taken) == found.batches == 3
    assert "3 batches, which came round again" in str(found)
    assert found.untrained[0] == found.untrained[3]


def test_batches_beyond_the_room_are_not_read(monkeypatch):
    from unstuck.trials import read_batches

    monkeypatch.setattr(read_batches, "ROOM", 5 * 16 * 40)
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
    assert found.batches == 6


def test_a_buffer_that_is_reused_is_no_trap():
    x, y = clusters()

    def reused():
        buffer = torch.empty(16, 8)
        for begin in range(0, 640, 16):
            buffer.copy_(x[begin : begin + 16])
            yield buffer, y[begin : begin + 16]

    def losses(batches):
        torch.manual_seed(0)
        model = plain_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        return unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches).losses

    assert losses(reused()) == losses(zip(x.split(16), y.split(16), strict=True))


def test_a_model_that_writes_into_its_input_sees_fresh_ones():
    class Scaling(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = plain_model()

        def forward(self, x):
            return self.body(x.mul_(2))

    x, y = clusters(32)
    kept = x.clone()
    model = Scaling()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(
        model, optimizer, nn.CrossEntropyLoss(), list(zip(x.split(16), y.split(16), strict=True))
    )
    assert torch.equal(x, kept)
    assert found.untrained[0] == found.untrained[2]


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = plain_model()

    def forward(self, first, second=None, *, third=0.0):
        assert isinstance(first, torch.Tensor)
        return self.body(first if second is None else first + second) + third


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = plain_model()

    def forward(self, both):
        assert isinstance(both, tuple | dict)
        first, second = both.values() if isinstance(both, dict) else both
        return self.body(first + second)


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (Two, lambda x: x),
        (Two, lambda x: (x, x)),
        (Two, lambda x: [x, x]),
        (Two, lambda x: {"first": x, "second": x, "third": torch.ones(())}),
        (Two, lambda x: collections.OrderedDict(second=x, first=x)),
        (Pair, lambda x: (x, x)),
        (Pair, lambda x: {"a": x, "b": x}),
        (Pair, lambda x: collections.namedtuple("Both", "a b")(x, x)),
    ],
)
def test_inputs_are_passed_as_the_call_wants_them(make, inputs):
    x, y = clusters()
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = [(inputs(a), b) for a, b in zip(x.split(16), y.split(16), strict=True)]
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
    assert found.choice is not None


def test_packed_sequences_are_passed_whole():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(1, 16, batch_first=True)
            self.head = nn.Linear(16, 4)

        def forward(self, packed):
            return self.head(self.lstm(packed)[1][0][-1])

    x, y = clusters(160)
    batches = [
        (nn.utils.rnn.pack_padded_sequence(a[:, :, None], [8] * 16, batch_first=True), b)
        for a, b in zip(x.split(16), y.split(16), strict=True)
    ]
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters())
    assert unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches).choice


def test_a_closure_optimizer_is_one_clear_error():
    model = plain_model()
    with pytest.raises(NotSearchable, match="LBFGS calls a closure") as raised:
        unstuck.find_learning_rate(
            model, torch.optim.LBFGS(model.parameters()), nn.CrossEntropyLoss(), loader()
        )
    assert isinstance(raised.value, UnstuckError)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([], "no batch"),
        ([torch.zeros(16, 8)], "a Tensor, not a pair"),
        ([(torch.zeros(16, 8),)], "a tuple of 1, not a pair"),
        ([{"x": 1}], "a dict, not a pair"),
    ],
)
def test_batches_that_are_no_pairs_are_refused(batches, message):
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = everything(model, optimizer)
    with pytest.raises(NotSearchable, match=message):
        unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), batches)
    assert everything(model, optimizer) == before


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.CrossEntropyLoss(reduction="none"), r"shape \(16,\)"),
        (lambda out, y: 1.0, "float"),
    ],
)
def test_a_loss_that_is_no_number_is_refused(loss, message):
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(NotSearchable, match=message):
        unstuck.find_learning_rate(model, optimizer, loss, loader())


def test_layers_without_a_size_are_refused():
    model = nn.Sequential(nn.LazyLinear(4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(NotSearchable, match="size is not known"):
        unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())


def test_it_may_be_asked_where_gradients_are_off():
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())
        assert not torch.is_grad_enabled()
    assert found.choice is not None


# The sharpness


def quadratic(scales):
    """Half the squared error of a linear model without bias: its Hessian is known."""
    x = torch.diag(torch.tensor(scales)).repeat(4, 1)
    model = nn.Linear(len(scales), 1, bias=False)
    return model, [(x, torch.zeros(len(x), 1))]


def half_squared(out, y):
    return 0.5 * ((out - y) ** 2).mean()


def test_sharpness_of_a_quadratic_is_its_largest_eigenvalue_and_the_limit_holds():
    model, batches = quadratic([1.0, 2.0, 6.0])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    found = unstuck.find_learning_rate(model, optimizer, half_squared, batches)
    assert found.sharpness == pytest.approx(36 / 3, rel=0.02)
    assert found.limit == pytest.approx(2 / 12, rel=0.02)
    # The largest rate that falls is below the limit, the next of the grid above it.
    assert found.stable[1] == 0.1
    assert found.ends[GRID.index(0.32)] > found.untrained[0]


def test_sharpness_agrees_with_the_whole_hessian():
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 4))
    x, y = clusters(64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), [(x, y)])
    names = [name for name, _ in model.named_parameters()]
    sizes = [p.numel() for p in model.parameters()]
    flat = torch.cat([p.detach().flatten() for p in model.parameters()])

    def loss(flat):
        parts = [
            part.view(p.shape)
            for part, p in zip(flat.split(sizes), model.parameters(), strict=True)
        ]
        out = torch.func.functional_call(model, dict(zip(names, parts, strict=True)), (x,))
        return functional.cross_entropy(out, y)

    largest = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, flat))[-1].item()
    assert found.sharpness == pytest.approx(largest, rel=0.1)


def test_sharpness_counts_the_ratios_of_groups():
    model, batches = quadratic([1.0, 1.0])
    other = nn.Linear(2, 1, bias=False)
    both = nn.ModuleList([model, other])
    both.forward = lambda x: model(x) + 0 * other(x)
    groups = [{"params": model.parameters(), "lr": 0.1}, {"params": other.parameters(), "lr": 0.5}]
    found = unstuck.find_learning_rate(both, torch.optim.SGD(groups), half_squared, batches)
    assert found.sharpness == pytest.approx(0.5, rel=0.02)
    groups = [{"params": other.parameters(), "lr": 0.1}, {"params": model.parameters(), "lr": 0.5}]
    found = unstuck.find_learning_rate(both, torch.optim.SGD(groups), half_squared, batches)
    assert found.sharpness == pytest.approx(2.5, rel=0.02)


class OnceOnly(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(_, slope):
        return slope


@pytest.mark.parametrize(
    ("kind", "how", "wrap", "reason"),
    [
        (torch.optim.Adam, {}, nn.Identity(), "only SGD without momentum"),
        (torch.optim.SGD, {"momentum": 0.9}, nn.Identity(), "only SGD without momentum"),
        (torch.optim.SGD, {}, OnceOnly.apply, "not twice differentiable"),
    ],
)
def test_why_there_is_no_sharpness_is_said(kind, how, wrap, reason):
    model = plain_model()
    optimizer = kind(model.parameters(), lr=0.1, **how)
    found = unstuck.find_learning_rate(
        model, optimizer, lambda out, y: functional.cross_entropy(wrap(out), y), loader()
    )
    assert found.sharpness is None
    assert found.limit is None
    assert reason in found.why_no_sharpness
    assert found.choice is not None


# How it shows itself


@pytest.fixture(scope="module")
def search():
    torch.manual_seed(0)
    model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=SLOW)
    return unstuck.find_learning_rate(model, optimizer, nn.CrossEntropyLoss(), loader())


def test_it_prints_a_table_of_at_most_sixteen_lines(search):
    lines = str(search).splitlines()
    assert len(lines) <= 16
    assert lines[0].startswith(f"Learning rate {search.choice:g}: ")
    assert sum("chosen" in line for line in lines) == 1
    [own] = [line for line in lines if "yours" in line]
    assert own.split()[0] == "0.0032"
    assert all(len(line) <= 130 for line in lines)


def test_it_is_frozen_and_plain(search):
    with pytest.raises(AttributeError):
        search.choice = 1.0
    assert isinstance(search, LearningRateSearch)
    assert search.rates == GRID
    assert all(isinstance(loss, float) for losses in search.losses for loss in losses)
    assert len(search.untrained) == 100
    assert search.seconds > 0


def test_the_page_is_small_has_no_script_and_names_no_address(search):
    page = search._repr_html_()
    assert len(page) < 100_000
    assert page.count("<svg") == 1
    assert not re.search(r"https?:|<script|href|url\(| on\w+=", page)
    for said in (search.verdict[:20], "The loss after"[:3], "Dashed", "Shaded", "Solid"):
        assert said in page


def test_importing_the_package_stays_light():
    code = (
        "import sys, unstuck; print('torch' in sys.modules, 'find_learning_rate' in dir(unstuck))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
