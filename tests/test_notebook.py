"""``with unstuck.watch(...)`` in one's own loop."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

import unstuck
from unstuck.checks import all_checks


def train(model, optimizer, steps=20, look=lambda: None):
    torch.manual_seed(0)
    x = torch.randn(64, 8)
    y = torch.randint(0, 4, (64,))
    for _ in range(steps):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(x), y)
        look()
        loss.backward()
        look()
        optimizer.step()
        look()


@pytest.fixture
def faulty():
    model = nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=1))
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def test_findings_are_there_after_the_block(faulty):
    net, optimizer = faulty
    with unstuck.watch(net, optimizer) as run:
        assert "block has ended" in str(run)
        assert run._repr_html_() is None
        train(net, optimizer)
    assert [finding.check for finding in run.findings] == ["softmax-before-cross-entropy"]
    assert "net.1 (softmax)" in run.findings[0].message
    assert "softmax" in str(run)


def test_inside_the_block_findings_are_those_so_far(faulty):
    seen = []
    with unstuck.watch(*faulty) as run:
        assert run.findings == ()
        train(*faulty, look=lambda: seen.append(run.findings))
    assert seen[0] == ()
    assert [finding.check for finding in seen[1]] == ["softmax-before-cross-entropy"]
    assert seen[-1] == run.findings


def test_looking_inside_the_block_changes_nothing_that_is_recorded(monkeypatch):
    monkeypatch.setattr("unstuck.notebook.RUN_BUDGET", None)

    def recorded(look):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        optimizer = torch.optim.Adam(model.parameters())
        with unstuck.watch(model, optimizer) as run:
            train(model, optimizer, 40, look=lambda: look and run.findings)
        families = run.record.plain(facts=True)["facts"]["families"]
        by_the_clock = ("memory", "failure")
        return {name: each for name, each in families.items() if name not in by_the_clock}

    assert recorded(look=True) == recorded(look=False)


def test_looking_inside_the_block_takes_no_time_from_the_probes(faulty):
    with unstuck.watch(*faulty) as run:
        train(*faulty)
        session = run._watcher.session
        spent = session.spent
        assert run.findings
        assert session.spent == spent


def test_a_check_that_fails_does_not_reach_the_block(faulty, monkeypatch):
    def fail(facts):
        raise RuntimeError("a bug of ours")

    broken = replace(all_checks()["non-finite-loss"], find=fail)
    known = {**all_checks(), "non-finite-loss": broken}
    monkeypatch.setattr("unstuck.checks._diagnosis.all_checks", lambda: known)
    with unstuck.watch(*faulty) as run:
        train(*faulty, look=lambda: run.findings)
    assert [finding.check for finding in run.findings] == ["softmax-before-cross-entropy"]
    assert run.record.not_checked["non-finite-loss"] == "the check itself failed"


def test_page_in_jupyter_is_framed_and_escaped(faulty):
    with unstuck.watch() as run:
        train(*faulty)
    page = run._repr_html_()
    assert page.startswith("<iframe sandbox")
    assert "<script" not in page
    assert page.count("<") == 2  # the frame alone; the page inside is escaped


def test_live_objects_are_as_without_watching():
    def trained(watched, looks=False):
        torch.manual_seed(1)
        model = nn.Sequential(
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.2), nn.Linear(16, 4)
        )
        optimizer = torch.optim.Adam(model.parameters())
        if watched:
            with unstuck.watch(model, optimizer) as run:
                train(model, optimizer, look=lambda: looks and run.findings)
        else:
            train(model, optimizer)
        return [*model.state_dict().values(), torch.get_rng_state()]

    plain = trained(False)
    for looks in (False, True):
        assert all(map(torch.equal, plain, trained(True, looks)))


def test_exception_of_the_block_goes_through_and_leaves_a_report(faulty):
    kept = []

    def interrupted():
        with unstuck.watch(*faulty) as run:
            kept.append(run)
            train(*faulty)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert kept[0].findings
    assert "interrupted by Ctrl-C" in str(kept[0])


def test_an_exception_of_the_block_is_not_called_a_finish_of_the_script(faulty):
    kept = []

    def failing():
        with unstuck.watch(*faulty) as run:
            kept.append(run)
            train(*faulty)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        failing()
    assert "the block raised ValueError" in flat(kept[0])
    with unstuck.watch(*faulty) as run:
        train(*faulty)
    assert "the block finished" in flat(run)
    assert "script" not in flat(run)


def flat(run):
    return " ".join(str(run).split())


def test_a_model_that_is_only_shown_to_watch_was_not_called(faulty):
    with unstuck.watch(*faulty) as run:
        pass
    assert "no model was called" in flat(run)
    with unstuck.watch(*faulty) as run:
        faulty[0](torch.zeros(1, 8))
    assert "A model was called, but nothing was trained" in flat(run)


def test_optimizer_built_before_the_block_is_known(faulty):
    model, _ = faulty
    other = nn.Linear(4, 4)
    optimizer = torch.optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)
    with unstuck.watch(model, optimizer) as run:
        train(model, optimizer)
    assert "unoptimized-parameters" not in [finding.check for finding in run.findings]
