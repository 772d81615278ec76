import numpy as np
import pytest

REASON = "the diffusers engine's libraries are not installed: pip install 'limner[diffusers]'"
pytest.importorskip("diffusers", reason=REASON, exc_type=ImportError)
pytest.importorskip("compel", reason=REASON, exc_type=ImportError)

from limner.core.errors import EngineFailed  # noqa: E402
from limner.generators.conformance import Trial  # noqa: E402
from limner.generators.diffusers.generator import DiffusersGenerator  # noqa: E402


@pytest.fixture(scope="module")
def trial_of(form_of):
    kept = {}

    def find(family, weighting="compel"):
        if (family, weighting) not in kept:
            form = form_of(family, options={"weighting": weighting})
            kept[family, weighting] = Trial(generator=DiffusersGenerator(form))
        return kept[family, weighting]

    return find


def drawn(trial, prompt, **changes):
    (found,) = trial.draw(1, sketch=trial.sketch(prompt=prompt, **changes))
    return found.image_HWC.astype(int)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_without_weights_the_picture_is_the_same(trial_of, family):
    weighted, plain = trial_of(family), trial_of(family, "none")
    for changes in ({}, {"negative": "blue"}):
        one, other = (drawn(trial, "a red fox", **changes) for trial in (weighted, plain))
        assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_weight_on_a_word_changes_the_picture(trial_of, family):
    trial = trial_of(family)
    plain, strong, faint = (drawn(trial, f"a (red){weight} fox") for weight in (1.0, 1.8, 0.3))
    assert not np.array_equal(plain, strong)
    assert not np.array_equal(plain, faint)


def test_the_library_that_read_the_words_is_among_the_facts(trial_of):
    (found,) = trial_of("sd1").draw(1)
    assert found.execution.versions["compel"].startswith("2.")


def test_a_pipeline_it_does_not_know_is_refused(trial_of):
    with pytest.raises(EngineFailed, match="it goes with StableDiffusionPipeline"):
        trial_of("pixart").draw(1)
