import pytest

from unstuck.checks import NotChecked
from unstuck.checks.class_imbalance import class_imbalance

from .sample import facts, optimizer, prediction, target

BINARY = "binary_cross_entropy_with_logits"
RARE = target(BINARY, kind="binary", counts=[6140, 260])


def found(target, *predictions, **families):
    return class_imbalance(facts(targets=[target], predictions=list(predictions), **families))


def test_fires_when_validation_finds_none():
    [finding] = found(RARE, prediction())
    assert finding.severity == "warning"
    assert finding.at == 150
    assert finding.message == (
        "class 1 is rare: 260 of 6400 targets against 6140 of class 0; in validation at step 150 0% of the "
        "rare samples are found, while the accuracy is 96.0%"
    )


def test_fires_when_the_outputs_never_name_it():
    outputs = prediction("outputs", counts=[], hits=[])
    [finding] = found(RARE, outputs)
    assert finding.severity == "warning"
    assert finding.message.endswith("the rare class is predicted for 0 of 1000 samples")


def test_it_is_a_note_without_validation_or_early():
    assert [f.severity for f in found(RARE)] == ["note"]
    assert [f.severity for f in found(RARE, prediction(step=20))] == ["note"]


def test_it_is_a_note_where_validation_has_too_few_of_it():
    few = prediction(counts=[96, 4], predicted=[100, 0], hits=[96, 0], samples=100)
    assert [f.severity for f in found(RARE, few)] == ["note"]


def test_several_classes():
    counts = [600, 600, 20]
    none = prediction(counts=[600, 600, 20], predicted=[610, 610, 0], hits=[580, 580, 0])
    [finding] = found(target(counts=counts, prediction_shape=[32, 3]), none)
    assert finding.severity == "warning"


@pytest.mark.parametrize("hits", [[940, 20], [700, 30]])
def test_a_rare_class_that_is_found_is_healthy(hits):
    assert found(RARE, prediction(hits=hits, predicted=[900, 100])) == []


def test_weights_or_a_good_training_recall_are_healthy():
    assert found(target(BINARY, kind="binary", counts=[6140, 260], weighted=True)) == []
    assert found(RARE, prediction("training", hits=[940, 20])) == []


@pytest.mark.parametrize("counts", [[3200, 3200], [5600, 800], [400, 20]])
def test_stays_quiet(counts):
    assert found(target(BINARY, kind="binary", counts=counts), prediction()) == []


@pytest.mark.parametrize(
    "changes",
    [{"counts": [640] * 30}, {"shape": [8, 64, 64]}, {"kind": "multi-hot"}, {"made": True}],
)
def test_words_pixels_and_sets_of_labels_are_not_judged(changes):
    with pytest.raises(NotChecked):
        found(target(**changes))


def test_adversaries_are_not_judged():
    with pytest.raises(NotChecked, match="take turns"):
        found(RARE, optimizers=[optimizer(), optimizer()])
