"""What the probes of data and targets record, held against a slow and obvious computation."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset, TensorDataset

from unstuck.observe.mappings import Mappings, anonymous


def steps(model, batches, loss, optimizer=None, rate=0.01):
    """One update for each batch."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=rate)
    for x, y in batches:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()


def batches(count=8, size=16, features=4):
    torch.manual_seed(0)
    return [
        (torch.randn(size, features), torch.randint(0, 3, (size,)), torch.randn(size, 1))
        for _ in range(count)
    ]


def test_columns_of_the_first_layer(watching):
    scale = torch.tensor([1.0, 1000.0, 0.1, 1.0])
    seen = [(x * scale + 2, y) for x, y, _ in batches(6)]
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    with watching() as watched:
        steps(model, seen, lambda p, y: functional.cross_entropy(p, y), rate=1e-6)
    [layer] = watched.facts.inputs["layers"]
    whole = torch.cat([x for x, _ in seen])
    assert (layer["name"], layer["rows"], layer["features"]) == ("model.0", 96, 4)
    for index, column in enumerate(layer["columns"]):
        assert column["mean"] == pytest.approx(whole[:, index].mean().item(), rel=1e-4)
        assert column["std"] == pytest.approx(whole[:, index].std(correction=0).item(), rel=1e-4)
        assert column["largest"] == pytest.approx(whole[:, index].abs().max().item())
    assert layer["root_mean_square"] == pytest.approx(whole.square().mean().sqrt().item(), rel=1e-5)


class _Scaling(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(x / 255)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (_Scaling(), ["model.layer"]),
        (nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)), []),
        (nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 3)), []),
    ],
)
def test_what_the_model_scales_or_normalises_is_not_judged(watching, model, names):
    seen = [(255 * x.abs(), y) for x, y, _ in batches(6)]
    with watching() as watched:
        steps(model, seen, lambda p, y: functional.cross_entropy(p, y))
    assert [layer["name"] for layer in watched.facts.inputs["layers"]] == names
    assert "unscaled-inputs" not in watched.found


def test_channels_of_images(watching):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2))
    x = torch.rand(40, 3, 8, 8) * torch.tensor([1.0, 2.0, 255.0]).view(3, 1, 1)
    with watching() as watched:
        steps(model, [(x, torch.zeros(40).long())], lambda p, y: functional.cross_entropy(p, y))
    [layer] = watched.facts.inputs["layers"]
    assert [c["mean"] for c in layer["columns"]] == pytest.approx(
        x.double().mean((0, 2, 3)).tolist(), rel=0.05
    )


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(watching, cell):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell(4, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            return self.head(self.cell(x)[0][:, -1])

    model = Net()
    x = 100 * torch.randn(16, 5, 4)
    with watching() as watched:
        steps(
            model,
            [(x, torch.zeros(16).long())] * 3,
            lambda p, y: functional.cross_entropy(p, y),
        )
    layers = watched.facts.inputs["layers"]
    layer = max(layers, key=lambda each: each["root_mean_square"])
    assert layer["name"] == "model.cell"
    assert layer["root_mean_square"] == pytest.approx(x.square().mean().sqrt().item(), rel=1e-3)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_layers_are_not_read_and_not_run_again(watching, reentrant):
    calls = []

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            calls.append(1)
            return self.layer(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = Body()
            self.head = nn.Linear(3, 3)

        def forward(self, x):
            return self.head(checkpoint(self.body, x, use_reentrant=reentrant))

    def run():
        calls.clear()
        model = Net()
        seen = [(x.requires_grad_(reentrant), y) for x, y, _ in batches(4)]
        steps(model, seen, lambda p, y: functional.cross_entropy(p, y))
        return len(calls)

    plain = run()
    with watching() as watched:
        assert run() == plain
    assert "inputs" not in watched.facts.missing


def test_tensors_kept_on_the_host_are_left_alone(watching):
    unpacked = []

    def unpack(x):
        unpacked.append(1)
        return x

    def run():
        unpacked.clear()
        model = nn.Linear(4, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y, _ in batches(3):
            optimizer.zero_grad()
            with torch.autograd.graph.saved_tensors_hooks(lambda x: x, unpack):
                loss = functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        return len(unpacked)

    plain = run()
    with watching() as watched:
        assert run() == plain
    assert watched.facts.inputs["layers"] is None


def test_bad_entries_are_named(watching):
    seen = [(x, y) for x, y, _ in batches(8)]
    seen[5][0][3, 2] = math.nan
    seen[5][0][7, 1] = math.inf
    with watching() as watched:
        steps(nn.Linear(4, 3), seen, lambda p, y: functional.cross_entropy(p, y))
    [argument] = watched.facts.inputs["arguments"]
    assert argument["nonfinite"] == {
        "step": 5,
        "call": 5,
        "entries": 2,
        "of": 64,
        "rows": [3, 7],
        "columns": [1, 2],
        "calls": 1,
    }
    assert watched.found == ["nan-inputs"]


def test_a_sum_that_overflows_is_not_taken_for_a_bad_entry(watching):
    seen = [(torch.full((16, 4), 3e38), y) for _, y, _ in batches(3)]
    with watching() as watched:
        steps(nn.Linear(4, 3), seen, lambda p, y: functional.cross_entropy(p * 0, y))
    assert watched.facts.inputs["arguments"][0]["nonfinite"] is None


def test_batches_are_compared_by_their_values(watching):
    one, other = batches(2)
    x = torch.empty(16, 4)
    with watching() as watched:
        model = nn.Linear(4, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(9):
            x.copy_((one if step % 3 else other)[0])  # the same buffer
            optimizer.zero_grad()
            functional.cross_entropy(model(x), one[1]).backward()
            optimizer.step()
    [argument] = watched.facts.inputs["arguments"]
    assert (argument["steps"], argument["distinct"], argument["unchanged"]) == (9, 2, 3)


def test_rows_that_are_equal(watching):
    seen = [(x[:1].expand(16, 4), y) for x, y, _ in batches(5)]
    with watching() as watched:
        steps(nn.Linear(4, 3), seen, lambda p, y: functional.cross_entropy(p, y))
    [argument] = watched.facts.inputs["arguments"]
    assert argument["same_rows"] == argument["looks"] == 5
    assert argument["constant"] == 0
    assert argument["duplicates"] == 1
    assert watched.found == ["constant-or-duplicate-inputs"]


def test_inputs_are_freed_as_without_us(watching):
    import weakref

    with watching():
        x, y, _ = batches(1)[0]
        model = nn.Linear(4, 3)
        dead = [weakref.ref(x), weakref.ref(y), weakref.ref(model)]
        output = model(x)
        dead.append(weakref.ref(output))
        functional.cross_entropy(output, y).backward()
        del x, y, output, model
        assert [ref() for ref in dead] == [None] * 4


def test_locals_that_the_script_keeps_for_itself_stay(watching):
    x, y, _ = batches(1)[0]
    model = nn.Linear(4, 3)
    kept = locals()
    with watching() as watched:
        functional.cross_entropy(model(x), y).backward()
    assert kept["model"] is model
    assert watched.facts.inputs["arguments"][0]["model"] == "model"


def test_classes_are_counted_and_their_order_seen(watching):
    labels = torch.arange(4).repeat_interleave(64)
    seen = [(torch.randn(32, 4), labels[start : start + 32]) for start in range(0, 256, 32)]
    with watching() as watched:
        steps(nn.Linear(4, 5), seen, lambda p, y: functional.cross_entropy(p, y))
    [target] = watched.facts.targets
    assert target["kind"] == "classes"
    assert target["counts"] == [64, 64, 64, 64, 0]
    assert target["windows"] == 8
    assert target["separation"] == 1
    assert "sorted-data" in watched.found


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
@pytest.mark.parametrize("size", [1, 8, 64])
def test_shuffled_classes_are_not_separated(watching, classes, size):
    torch.manual_seed(0)
    with watching() as watched:
        seen = [
            (torch.randn(size, 4), torch.randint(0, classes, (size,)))
            for _ in range(max(8, 320 // size))
        ]
        steps(nn.Linear(4, classes), seen, lambda p, y: functional.cross_entropy(p, y))
    assert watched.facts.targets[0]["separation"] < 0.45


@pytest.mark.parametrize("share", [0.003, 0.01, 0.05])
def test_rare_classes_that_are_shuffled_are_not_separated(watching, share):
    torch.manual_seed(0)
    logits = torch.zeros(32, requires_grad=True)
    with watching() as watched:
        for _ in range(150):
            y = (torch.rand(32) < share).float()
            functional.binary_cross_entropy_with_logits(logits, y).backward()
    [target] = watched.facts.targets
    assert target["kind"] == "binary"
    assert (target["separation"] or 0) < 0.45


def test_moments_of_numbers(watching):
    seen = [(x, 10 * y + 3) for x, _, y in batches(8)]
    with watching() as watched:
        steps(nn.Linear(4, 1), seen, lambda p, y: functional.mse_loss(p, y), rate=1e-4)
    [target] = watched.facts.targets
    whole = torch.cat([y for _, y in seen]).double()
    assert target["mean"] == pytest.approx(whole.mean().item())
    assert target["std"] == pytest.approx(whole.std(correction=0).item())
    assert target["below_zero"] == pytest.approx((whole < -0.001).double().mean().item())
    assert target["above_one"] == pytest.approx((whole > 1.001).double().mean().item())
    assert target["minimum"] == pytest.approx(whole.min().item())
    windows = whole.reshape(4, 32)
    between = windows.mean(1).var(correction=0) / whole.var(correction=0)
    assert target["between"] == pytest.approx(between.item())


@pytest.mark.parametrize(
    ("name", "rows", "kind"),
    [
        ("binary_cross_entropy_with_logits", [[1.0, 0, 0], [0, 0, 1]], "one-hot"),
        ("binary_cross_entropy_with_logits", [[1.0, 1, 0], [0, 0, 1]], "multi-hot"),
        ("binary_cross_entropy_with_logits", [[0.0, 0, 0], [0, 0, 1]], "multi-hot"),
        ("cross_entropy", [[0.5, 0.5, 0], [0, 0, 1]], "shared"),
        ("cross_entropy", [[0.6, 0.4, 0], [0, 0, 1]], "soft"),
        ("cross_entropy", [[0.9, 0.05, 0.05], [0.05, 0.05, 0.9]], "soft"),
        ("cross_entropy", [[1 / 3, 1 / 3, 1 / 3], [0, 0, 1]], "soft"),
        ("mse_loss", [[0.0], [1.0]], "binary"),
        ("mse_loss", [[0.0], [2.0]], "whole"),
        ("mse_loss", [[0.0], [2.5]], "numbers"),
        ("mse_loss", [[-1.0], [2.0]], "numbers"),
    ],
)
def test_kinds_of_targets(watching, name, rows, kind):
    target = torch.tensor(rows)
    prediction = torch.zeros_like(target, requires_grad=True)
    with watching() as watched:
        getattr(functional, name)(prediction, target).backward()
    assert watched.facts.targets[0]["kind"] == kind


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, y: ((p - y) ** 2).mean(),
        lambda p, y: (y - p).pow(2).sum() / len(y),
        lambda p, y: (p.squeeze(1) - y.squeeze(1)).square().mean() * 0.5,
        lambda p, y: (p - y).abs().mean(),
        lambda p, y: ((p - y) ** 2).mean().sqrt(),
    ],
)
def test_targets_of_losses_written_by_hand(watching, loss):
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    seen = [(x, 3 * y + 100) for x, _, y in batches(4)]
    with watching() as watched:
        steps(model, seen, loss)
    [target] = watched.facts.targets
    whole = torch.cat([y for _, y in seen])
    assert target["function"].endswith("difference")
    assert target["mean"] == pytest.approx(whole.mean().item(), rel=1e-5)
    assert target["std"] == pytest.approx(whole.std(correction=0).item(), rel=1e-3)
    assert target["chain"][0] == "SigmoidBackward0"
    assert "output-range-mismatch" in watched.found


def test_penalties_written_by_hand_are_no_targets(watching):
    model = nn.Linear(4, 4)
    with watching() as watched:
        steps(model, [(x, x) for x, _, _ in batches(4)], lambda p, y: p.pow(2).mean())
        steps(model, [(x, x) for x, _, _ in batches(4)], lambda p, y: (p - p.mean()).pow(2).mean())
    assert watched.facts.targets is None


def test_predictions_in_validation(watching):
    model = nn.Linear(4, 3)
    loss = functional.cross_entropy
    with watching() as watched:
        steps(
            model, [(x, y) for x, y, _ in batches(4)], lambda p, y: functional.cross_entropy(p, y)
        )
        truth, named = [], []
        with torch.no_grad():
            for x, y, _ in batches(5):
                logits = model(x)
                functional.cross_entropy(logits, y)
                truth += y.tolist()
                named += logits.argmax(1).tolist()
    assert loss is functional.cross_entropy
    seen = {each["source"]: each for each in watched.facts.predictions}
    validation = seen["validation"]
    both = Counter(t for t, n in zip(truth, named, strict=True) if t == n)
    assert validation["counts"] == [Counter(truth)[k] for k in range(3)]
    assert validation["predicted"] == [Counter(named)[k] for k in range(3)]
    assert validation["hits"] == [both[k] for k in range(3)]
    assert seen["outputs"]["predicted"] == validation["predicted"]


def test_predictions_of_a_binary_classifier(watching):
    model = nn.Linear(4, 1)
    with watching() as watched:
        seen = [(x, (y > 0).float()) for x, _, y in batches(4)]
        steps(model, seen, lambda p, y: functional.binary_cross_entropy_with_logits(p, y))
        with torch.no_grad():
            x = torch.randn(50, 4)
            named = (model(x) > 0).sum().item()
    [outputs] = [e for e in watched.facts.predictions if e["source"] == "outputs"]
    assert outputs["predicted"] == [50 - named, named]


def test_the_loader_tells_how_it_orders(watching):
    data = TensorDataset(*batches(1, size=64)[0][:2])
    with watching() as watched:
        for shuffle in (False, True):
            for _ in DataLoader(data, batch_size=32, shuffle=shuffle):
                pass
    found = [each["sampler"] for each in watched.facts.families["data"]["loaders"]]
    assert found == ["SequentialSampler", "RandomSampler"]


@pytest.fixture
def big(tmp_path):
    file = tmp_path / "big.npy"
    np.save(file, np.ones((1000, 30_000), dtype=np.float32))
    return file


linux = pytest.mark.skipif(not anonymous(), reason="this system has no /proc")


class _Rows(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return torch.from_numpy(np.array(self.rows[index]))


def _train_on(data, watched):
    model = nn.Linear(30_000, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
    for index, x in enumerate(DataLoader(data, batch_size=4)):
        optimizer.zero_grad()
        model(x.float()).mean().backward()
        optimizer.step()
        if index == 3:
            break


@linux
@pytest.mark.parametrize("make", [np.array, lambda m: m.astype(np.float64), np.asarray])
def test_copies_of_a_mapped_file(watching, big, make):
    with watching() as watched:
        mapped = np.load(big, mmap_mode="r")
        _train_on(_Rows(make(mapped)) if make is not np.asarray else _Rows(mapped), watched)
    memory = watched.facts.memory
    held = {each["name"]: each for each in memory["held"]}
    assert held["_Rows.rows"]["mapped"] is (make is np.asarray)
    files = {f["path"]: (f["size"], f["mapped"]) for f in memory["files"]}
    assert files[str(big)] == (big.stat().st_size, True)
    assert ("data-copied-to-memory" in watched.found) is (make is not np.asarray)


@linux
def test_a_file_mapped_before_the_watching_is_known_by_its_addresses(watching, big):
    mapped = np.memmap(big, dtype=np.float32, mode="r", offset=128, shape=(1000, 30_000))
    with watching() as watched:
        _train_on(_Rows(mapped), watched)
    assert str(big) in [f["path"] for f in watched.facts.memory["files"]]
    assert all(each["mapped"] for each in watched.facts.memory["held"])


def test_mappings_are_read_by_line():
    text = (
        "1000-3000 r--s 00000000 08:01 42     /data/a b.npy\n"
        "5000-6000 rw-p 00000000 00:00 0 \n"
        "7000-8000 rw-p 00000000 00:00 0      [heap]\n"
    )
    mappings = Mappings(text)
    assert mappings.at(0x2FFF) == "/data/a b.npy"
    assert (mappings.at(0x5001), mappings.at(0x7000)) == ("", "")
    assert (mappings.at(0x3000), mappings.at(0x10)) == (None, None)
    assert mappings.files(0x2000) == ["/data/a b.npy"]
    assert mappings.files(0x2001) == []


def test_loading_a_file_gives_what_it_gives(watching, tmp_path):
    file = tmp_path / "a.npy"
    plain = np.load
    with watching():
        np.save(file, np.arange(6))
        assert np.load(file).tolist() == [0, 1, 2, 3, 4, 5]
        assert np.load is not plain
        with pytest.raises(FileNotFoundError):
            np.load(tmp_path / "none.npy")
    assert np.load is plain


def test_a_map_that_is_copied_and_dropped_at_once_is_known(watching, tmp_path):
    numbers = np.zeros((256, 70_000), np.float32)
    numbers.tofile(tmp_path / "raw.bin")
    with watching() as watched:
        mapped = np.memmap(tmp_path / "raw.bin", dtype=np.float32, mode="r", shape=(256, 70_000))
        assert type(mapped) is np.memmap
        copy = np.array(mapped)
        del mapped
        next(iter(DataLoader(TensorDataset(torch.from_numpy(copy)), batch_size=4)))
    [file] = watched.facts.memory["files"]
    assert file["mapped"]
    assert file["size"] == numbers.nbytes
