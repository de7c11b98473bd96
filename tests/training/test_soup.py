"""Several runs as one network."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from training.recipe import Progress, Recipe

if TYPE_CHECKING:
    import keras

    from training import fit, soup
else:
    keras = loaded_when_used("keras")
    fit, soup = (loaded_when_used(f"training.{name}") for name in ("fit", "soup"))

pytestmark = pytest.mark.training


def run(weight: float) -> "fit.Trained":
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dense(1, use_bias=False)]
    )
    model.set_weights([np.full((2, 1), weight, np.float32)])
    return fit.Trained(model, 96, [[Progress(0, weight, weight, 0.5)]])


def test_runs_become_the_mean_of_their_weights() -> None:
    found = soup.mean_of([run(1.0), run(2.0), run(6.0)])

    answers = found.model.predict_on_batch(np.array([[1.0, 1.0]], np.float32))
    assert np.asarray(answers) == pytest.approx(6.0)
    assert [history[0].loss for history in found.histories] == [1.0, 2.0, 6.0]
    assert found.size == 96


def test_each_run_of_a_recipe_has_a_seed_of_its_own() -> None:
    recipe = Recipe(variant=2, seed=31, runs=3)

    assert [one.seed for one in recipe.each_run] == [31, 32, 33]
    assert {one.runs for one in recipe.each_run} == {1}
    assert Recipe(seed=7).each_run == (Recipe(seed=7),)
