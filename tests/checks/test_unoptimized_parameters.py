import pytest

from unstuck.checks import NotChecked
from unstuck.checks.unoptimized_parameters import unoptimized_parameters

from .sample import facts, optimizer, parameter

HEAD = parameter("model.head.weight")
FORGOTTEN = parameter("model.stem.weight", optimized=False, changed=False, numel=300)


def run(*parameters, optimizers=None):
    return facts(parameters=list(parameters), optimizers=optimizers or [optimizer()])


@pytest.mark.parametrize("changed", [False, None])
def test_fires(changed):
    [finding] = unoptimized_parameters(run(HEAD, FORGOTTEN | {"changed": changed}))
    assert finding.severity == "warning"
    assert finding.message.startswith("model.stem.weight: reached by the loss")
    assert "300 of 400" in finding.message
    assert str(finding.location) == "train.py:5"


def test_is_an_error_when_what_is_optimized_gets_no_gradient():
    other = optimizer(with_gradient=0)
    [finding] = unoptimized_parameters(run(FORGOTTEN, optimizers=[other]))
    assert finding.severity == "error"
    assert "get no gradient" in finding.message


def test_stays_quiet_when_all_are_optimized():
    assert unoptimized_parameters(run(HEAD, parameter("model.stem.weight"))) == []


@pytest.mark.parametrize(
    "healthy",
    [
        {"trainable": False},
        {"reached": False},
        {"changed": True},
        {"fixed_model": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_fixed_or_moved_on_purpose_is_left_alone(healthy):
    assert unoptimized_parameters(run(HEAD, FORGOTTEN | healthy)) == []


def test_a_module_in_a_plain_list_is_said_to_be_unlisted():
    line = {"file": "train.py", "line": 26, "code": "self.layers = [Linear(8, 8)]"}
    hidden = FORGOTTEN | {"name": "model.layers[0].weight", "kind": "unregistered", "place": line}
    [finding] = unoptimized_parameters(run(HEAD, hidden))
    assert "plain list" in finding.message
    assert (str(finding.location), finding.remedies) == ("train.py:26", ("register-modules",))
    [plain] = unoptimized_parameters(run(HEAD, FORGOTTEN))
    assert "plain list" not in plain.message
    assert plain.remedies[0] == "give-parameters-to-optimizer"


def test_names_three_and_counts_the_rest():
    many = [FORGOTTEN | {"name": f"model.{n}.weight"} for n in range(60)]
    [finding] = unoptimized_parameters(run(HEAD, *many))
    assert "model.0.weight, model.1.weight, model.2.weight and 57 more" in finding.message
    assert len(finding.evidence["parameters"]) == 50


def test_points_at_the_layer_when_no_optimizer_was_seen_being_built():
    [finding] = unoptimized_parameters(run(HEAD, FORGOTTEN, optimizers=[optimizer(built_at=None)]))
    assert str(finding.location) == "train.py:3"


@pytest.mark.parametrize(
    ("unclear", "why"),
    [
        (run(FORGOTTEN | {"reached": False}), "no backward pass"),
        (run(FORGOTTEN, optimizers=[optimizer(steps=0)]), "no optimizer made a step"),
    ],
)
def test_does_not_judge_a_run_without_training(unclear, why):
    with pytest.raises(NotChecked, match=why):
        unoptimized_parameters(unclear)
