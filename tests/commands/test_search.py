"""What people type finds the page that answers it."""

import pytest

from unstuck.commands.search import near

SEARCHES = {
    "weights zero": "q03",
    "all WEIGHTS zero": "q03",
    "finite": "non-finite-loss",
    "batch norm": "q20",
    "why convolutions": "q18",
    "loss not falling": "loss-not-falling",
    "loss stuck": "loss-not-falling",
    "my loss is not going down": "loss-not-falling",
    "accuracy stuck": "loss-not-falling",
    "my network doesn't learn": "loss-not-falling",
    "model is not learning": "loss-not-falling",
    "loss goes to infinity": "non-finite-loss",
    "loss is NaN": "non-finite-loss",
    "dying relu": "dead-units",
    "forgot zero_grad": "stale-gradients",
    "forgot model.eval()": "training-mode-in-validation",
    "validation loss goes up": "overfitting",
    "epoch vs iteration": "q08",
    "batch norm small batch": "tiny-batch-with-batch-norm",
    "softmax and cross entropy": "softmax-before-cross-entropy",
    "memory leak": "graph-kept-alive",
    "weight decay adam": "l2-inside-adam",
    "accuracy drops after some epochs": "q06",
    "deep learning vs neural network": "q11",
    "unbalanced classes": "class-imbalance",
    "model predicts only one class": "q13",
    "xor": "q14",
    "q16 freeze layers": "q16",
}


@pytest.mark.parametrize("words", SEARCHES)
def test_the_best_page_comes_first(words):
    assert near(words)[0] == SEARCHES[words]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("overfiting", "overfitting"),
        ("transfer lerning", "transfer learning"),
        ("gradeint clipping", "gradient clipping"),
        ("vanishing gradiens", "vanishing gradients"),
        ("weight initialization", "weight initialisation"),
        ("normalized inputs", "normalised inputs"),
        ("convolutional layer", "convolution layers"),
        ("Why can't I train with zero biases?", "cannot train zero bias"),
    ],
)
def test_slips_spellings_and_endings_are_forgiven(typed, meant):
    assert near(typed)
    assert near(typed)[0] == near(meant)[0]


@pytest.mark.parametrize("words", ["", "the", "???", "zzz", "weights zzz", "keras callbacks"])
def test_where_little_of_the_words_stands_nothing_is_near(words):
    assert near(words) == []


def test_one_strange_word_does_not_hide_the_page():
    assert near("tensorflow loss nan")[0] == "non-finite-loss"


def test_a_short_word_stands_whole():
    assert near("go")
    assert near("goa") == []
