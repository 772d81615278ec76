import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from limner.checks.referee import Referee
from limner.checks.referee.referee import WEIGHTS
from limner.core.errors import BadInput
from limner.core.judging import CheckNotAble


def sentences(texts) -> np.ndarray:
    """Unit vectors that depend on nothing but the number of a text's letters."""
    made_NE = np.stack([np.random.default_rng(len(text)).normal(size=384) for text in texts])
    return (made_NE / np.linalg.norm(made_NE, axis=1, keepdims=True)).astype(np.float32)


def pictures(num: int, side_px: int = 64) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (num, side_px, side_px, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def referee() -> Referee:
    return Referee(sentences, num_threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the weights that a test may damage."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def test_image_vectors_are_unit_vectors(referee):
    vectors_BV = referee.image_vectors(pictures(3))
    assert np.linalg.norm(vectors_BV, axis=1) == pytest.approx([1, 1, 1], abs=1e-3)


def test_image_vectors_do_not_depend_on_the_other_images(referee):
    many = referee.image_vectors(pictures(40))
    alone = referee.image_vectors(pictures(40)[35:36])
    assert many[35] == pytest.approx(alone[0], abs=1e-4)


def test_large_images_are_judged_as_their_average(referee):
    small_BHWC = pictures(1)
    large_BHWC = small_BHWC.repeat(4, axis=1).repeat(4, axis=2)
    assert referee.image_vectors(large_BHWC)[0] == pytest.approx(
        referee.image_vectors(small_BHWC)[0], abs=1e-4
    )


def test_style_probabilities_sum_to_one(referee):
    assert referee.style_probabilities(pictures(2)).sum(axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_style_probabilities_are_as_many_as_the_styles_of_the_card(referee):
    assert referee.style_probabilities(pictures(1)).shape == (1, len(referee.card.styles))


def test_text_vectors_are_unit_vectors(referee):
    vectors_NV = referee.text_vectors(["a fox", "a red fox"])
    assert np.linalg.norm(vectors_NV, axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_fit_is_a_probability(referee):
    assert 0 <= referee.fit(pictures(1)[0], "a fox") <= 1


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 64, 64, 4), np.uint8),
        np.zeros((1, 64, 64, 3), np.float32),
    ],
    ids=["no batch axis", "RGBA", "floats"],
)
def test_misshapen_images_are_refused(referee, images):
    with pytest.raises(BadInput, match="images are"):
        referee.image_vectors(images)


def test_sentence_vectors_of_another_width_are_refused():
    narrow = Referee(lambda texts: np.zeros((len(texts), 128), np.float32))
    with pytest.raises(BadInput, match=r"\(1, 384\)"):
        narrow.text_vectors(["a fox"])


@pytest.mark.parametrize("name", ["image.xml", "image.bin"])
def test_a_changed_network_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CheckNotAble, match=name):
        Referee(sentences, folder=folder).image_vectors(pictures(1))


def test_a_changed_text_map_is_refused(folder):
    path = folder / "text.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00\x00")
    with pytest.raises(CheckNotAble, match=r"text\.safetensors"):
        Referee(sentences, folder=folder).text_vectors(["a fox"])


def test_a_file_the_card_does_not_name_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    del card["files"]["image.bin"]
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(CheckNotAble, match=r"image\.bin"):
        Referee(sentences, folder=folder).image_vectors(pictures(1))


def test_a_missing_card_is_refused(tmp_path):
    with pytest.raises(CheckNotAble, match="card"):
        Referee(sentences, folder=tmp_path).image_vectors(pictures(1))


def test_the_weights_take_at_most_15_megabytes():
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 15_000_000
