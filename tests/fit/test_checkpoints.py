import random

import pytest
import torch
from torch import nn
from torch.optim import SGD, AdamW

from unstuck.errors import BadCheckpoint
from unstuck.fit.checkpoints import KEPT, Checkpoint, Keeper
from unstuck.fit.progress import Epoch, Progress, packed, unpacked
from unstuck.fit.recipe import Recipe

SETTINGS = {"recipe": Recipe().plain(), "data": "these", "scaler": None}
BEGUN = {"steps": 100, "running": 0.0, "share": 1.0, "history": [], "optimizer": {}}


def checkpoint(step, **tensors):
    draw = torch.Generator().manual_seed(step)
    tensors = tensors or {"weights/a": torch.randn(5, 3, generator=draw), "best/a": torch.tensor(2)}
    return Checkpoint(tensors, {"step": step, **BEGUN, **SETTINGS})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def same(first, second):
    assert first.record == second.record
    assert first.tensors.keys() == second.tensors.keys()
    for name, each in first.tensors.items():
        assert each.dtype == second.tensors[name].dtype
        assert torch.equal(each, second.tensors[name])


@pytest.fixture
def said():
    return []


@pytest.fixture
def keeper(tmp_path, said):
    """With checkpoints of steps 10 and 20."""
    keeper = Keeper(tmp_path / "net", said.append)
    for step in (10, 20):
        keeper.save(checkpoint(step))
    return keeper


def newest(keeper):
    return keeper.folder / "step-000000020.safetensors"


def test_where_nothing_is_kept_it_begins(tmp_path):
    assert Keeper(tmp_path / "net").newest() is None


def test_the_last_two_are_kept(keeper):
    keeper.save(checkpoint(30))
    assert names(keeper.folder) == ["step-000000020.safetensors", "step-000000030.safetensors"]
    assert len(names(keeper.folder)) == KEPT
    same(keeper.newest(), checkpoint(30))


def test_after_going_back_those_of_later_steps_are_let_go(keeper):
    keeper.save(checkpoint(15))
    assert names(keeper.folder) == ["step-000000010.safetensors", "step-000000015.safetensors"]


@pytest.mark.parametrize("seed", range(50))
def test_of_a_truncated_one_the_one_before_it_is_taken(keeper, said, seed):
    whole = newest(keeper).read_bytes()
    newest(keeper).write_bytes(whole[: random.Random(seed).randrange(len(whole))])
    same(keeper.newest(), checkpoint(10))
    same(keeper.newest(), checkpoint(10))
    [line] = said  # once, however often it is asked for
    assert line.startswith(f"the checkpoint {newest(keeper)} is damaged (")
    assert line.endswith("): going on from the one before it")
    assert "\n" not in line


@pytest.mark.parametrize("seed", range(50))
def test_no_changed_byte_goes_unseen(keeper, said, seed):
    whole = bytearray(newest(keeper).read_bytes())
    place = random.Random(seed).randrange(len(whole))
    whole[place] ^= 1 << seed % 8
    newest(keeper).write_bytes(whole)
    same(keeper.newest(), checkpoint(10 if said or not _is_whole(keeper) else 20))


def _is_whole(keeper):
    """A blank at the end of the header may become another blank."""
    return keeper.newest().record["step"] == 20


def test_if_none_is_whole_it_says_so(keeper):
    for path in keeper.folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(BadCheckpoint, match=r"step-000000010.safetensors is damaged"):
        keeper.newest()


def test_what_somebody_else_wrote_is_damaged(keeper, said):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, newest(keeper))
    same(keeper.newest(), checkpoint(10))
    assert "no 'version' in it" in said[0]


def test_a_pickle_is_not_opened(keeper, said, tmp_path):
    torch.save({"a": torch.zeros(1)}, newest(keeper))
    same(keeper.newest(), checkpoint(10))
    assert len(said) == 1


def test_forgetting_leaves_what_is_not_ours(keeper):
    (keeper.folder / ".step-000000030.safetensors.1a2b3c4d").write_bytes(b"half")
    keeper.forget()
    assert not keeper.folder.exists()
    keeper.folder.mkdir()
    (keeper.folder / "notes.txt").write_text("mine")
    keeper.save(checkpoint(10))
    keeper.forget()
    assert names(keeper.folder) == ["notes.txt"]


def test_it_is_due_after_a_while_and_sooner_at_the_end_of_an_epoch(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("unstuck.fit.checkpoints.time.perf_counter", lambda: now[0])
    keeper, eager = Keeper(tmp_path), Keeper(tmp_path, pause=0)
    due = lambda: (keeper.is_due(epoch_ended=False), keeper.is_due(epoch_ended=True))  # noqa: E731
    assert eager.is_due(epoch_ended=False)
    assert due() == (False, False)
    now[0] += 1
    assert due() == (False, True)
    now[0] += 29
    assert due() == (True, True)


def test_what_is_slow_to_write_is_written_seldom(tmp_path, monkeypatch):
    now = [100.0]

    def clock():
        now[0] += 1
        return now[0]

    monkeypatch.setattr("unstuck.fit.checkpoints.time.perf_counter", clock)
    keeper = Keeper(tmp_path)
    keeper.save(checkpoint(1))  # took a second, by this clock
    now[0] += 40
    assert not keeper.is_due(epoch_ended=False)
    now[0] += 10
    assert keeper.is_due(epoch_ended=False)


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.bool]
)
def test_tensors_of_all_kinds_come_back(tmp_path, dtype):
    keeper = Keeper(tmp_path)
    written = checkpoint(
        1, a=torch.tensor([[0, 1], [1, 1]]).to(dtype), b=torch.zeros(0, 3).to(dtype)
    )
    keeper.save(written)
    same(keeper.newest(), written)


def test_tied_and_transposed_weights_come_back(tmp_path):
    keeper, weight = Keeper(tmp_path), torch.randn(4, 3)
    written = checkpoint(1, a=weight, b=weight, c=weight.T, d=weight[1:])
    keeper.save(written)
    same(keeper.newest(), written)


@pytest.mark.parametrize(
    "make", [AdamW, lambda p: SGD(p, 0.1), lambda p: SGD(p, 0.1, momentum=0.9)]
)
def test_optimizer_and_progress_come_back(tmp_path, make):
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    before, after = make(first.parameters()), make(second.parameters())
    first(torch.randn(4, 3)).sum().backward()
    before.step()
    progress = Progress(
        7, 70, [Epoch(1, 0.1 + 0.2, 1e-320, 0.3, 2.0)], 1 / 3, 1 / 3, {"bias": torch.ones(2)}
    )
    keeper = Keeper(tmp_path)
    keeper.save(packed(first, before, progress, SETTINGS))
    found = unpacked(keeper.newest(), second, after)
    assert {**vars(found), "best": 0} == {**vars(progress), "best": 0}
    assert torch.equal(found.best["bias"], torch.ones(2))
    assert _plain(before.state_dict()) == _plain(after.state_dict())
    assert all(torch.equal(*pair) for pair in zip(first.parameters(), second.parameters()))


def _plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value
