import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.checks.tagger.tagger import Tagger, square_of
from limner.core.judging import CheckNotAble
from limner.core.records import Picture


@pytest.fixture(scope="module")
def tagger():
    return Tagger(num_threads=1)


@pytest.fixture(scope="module")
def photographs():
    """Photographs that come with scikit-image: a cat (CC0), a cup of coffee (CC0)."""
    data = pytest.importorskip("skimage.data")
    return {
        name: Picture.of(np.asarray(PillowImage.fromarray(getattr(data, name)()).convert("RGBA")))
        for name in ("chelsea", "coffee")
    }


@pytest.mark.parametrize(("name", "tag"), [("chelsea", "Egyptian cat"), ("coffee", "espresso")])
def test_a_photograph_is_called_what_it_shows(tagger, photographs, name, tag):
    assert tagger.tags(photographs[name])[0].name == tag


def test_noise_is_called_nothing(tagger):
    image_HWC = np.random.default_rng(0).integers(0, 256, (224, 224, 4), np.uint8)
    image_HWC[..., 3] = 255
    assert [one for one in tagger.tags(Picture.of(image_HWC)) if one.probability > 0.9] == []


def test_the_embedding_is_a_unit_vector(tagger, photographs):
    embedding_D = tagger.see(photographs["coffee"]).embedding_D
    assert (embedding_D.shape, round(float(np.linalg.norm(embedding_D)), 5)) == ((1280,), 1.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (4000, 30)])
def test_every_shape_becomes_a_square(size):
    picture = Picture.of(np.full((*size, 4), 255, np.uint8))
    assert square_of(picture).shape == (224, 224, 3)


def test_changed_weights_are_refused(tmp_path):
    (tmp_path / "card.json").write_text('{"files": {}}')
    (tmp_path / "network.xml").write_text("<net/>")
    with pytest.raises(CheckNotAble):
        Tagger(folder=tmp_path).tags(Picture.of(np.zeros((8, 8, 4), np.uint8)))
