"""A folder of images becomes a good model in some seconds."""

import numpy as np
import torch
from sklearn.datasets import load_digits

from unstuck.fit import recipe
from unstuck.fit.examples import Arrays, Examples
from unstuck.fit.fitted import load_fitted
from unstuck.fit.fitting import How, fit
from unstuck.fit.readers import Wish, read

from .pictures import grey, saved


def test_digits_as_a_folder_are_learned_and_predicted_from_files(tmp_path):
    found = load_digits()
    for number, (image, name) in enumerate(zip(found.images[:500], found.target, strict=False)):
        saved(tmp_path / "digits" / str(name) / f"{number:04}.png", grey(image * 15.9))
    examples = read(tmp_path / "digits", Wish())
    said = []
    model = fit(examples, hand={"model": "cnn", "width": 8, "epochs": 8}, how=How(said.append))
    assert model.recipe.model == "cnn"
    assert model.metrics["accuracy"] > 0.9
    assert model.recipe.reasons["learning_rate"].startswith("the best of")
    model.save(tmp_path / "model")
    again = load_fitted(tmp_path / "model")
    predicted = again.predict(examples.inputs)
    assert np.array_equal(predicted, model.predict(examples.inputs))
    assert (predicted == examples.targets).mean() > 0.95


def test_what_a_recipe_trains_in_half_the_bits_predicts_in_single_precision(tmp_path):
    found = load_digits()
    examples = Examples(Arrays(found.images[:300].astype(np.float32)), "digits", found.target[:300])
    (tmp_path / "r.toml").write_text(
        'precision = "bfloat16"\nmodel = "cnn"\nwidth = 8\nepochs = 6\nlearning_rate = 0.02\n'
    )
    hand = recipe.read(tmp_path / "r.toml")
    model = fit(examples, hand=hand)
    assert model.recipe.precision == "bfloat16"
    assert {each.dtype for each in model.model.parameters()} == {torch.float32}
    assert model.outputs(examples.inputs).dtype == torch.float32
    assert model.metrics["accuracy"] > 0.6
    model.save(tmp_path / "model")
    again = load_fitted(tmp_path / "model")
    assert torch.equal(again.outputs(examples.inputs), model.outputs(examples.inputs))
