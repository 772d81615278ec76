import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.quality.held_out import held_out
from PIL import Image
from unit.checks.drawings import blurred, subject

from limner.checks.near_copy.check import Known, NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, WEIGHTS, Fingerprint, Fingerprints
from limner.checks.near_copy.gallery import Entry, Gallery
from limner.checks.near_copy.training import near_training_copy
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.runner import judge
from limner.core.judging import Cause, CheckNotAble, Verdict
from limner.core.records import Picture


def figure(number: int = 60, ground: tuple[int, int, int] | None = None) -> np.ndarray:
    """A held-out drawing at 256 px, transparent or on one colour."""
    drawn = Image.fromarray(held_out()[number].image_HWC).resize((256, 256))
    if ground is None:
        return np.asarray(drawn)
    canvas = Image.new("RGBA", drawn.size, (*ground, 255))
    canvas.alpha_composite(drawn)
    return np.asarray(canvas)


@pytest.fixture(scope="module")
def prints() -> Fingerprints:
    def no_texts(texts):
        raise AssertionError

    return Fingerprints(RefereeViews(Referee(no_texts, num_threads=1)))


def nothing_known(_: Picture) -> Known:
    return Known(Gallery(), str)


@pytest.fixture(scope="module")
def check(prints) -> NearCopy:
    known = prints.take(Picture.of(figure()))
    gallery = Gallery([Entry(5, known)])
    known = Known(gallery, "picture {}".format)
    return NearCopy("registered", lambda _: known, prints)


def test_the_picture_itself_is_a_copy_and_is_named(check):
    result = judge(check, subject(figure()))
    assert (result.verdict, result.notes) == (
        Verdict.FAIL,
        ("The picture is nearly the same as picture 5.",),
    )


@pytest.mark.parametrize(
    "image_HWC",
    [blurred(figure(), 1.5), figure()[::2, ::2], figure(ground=(255, 255, 255))],
    ids=["softened", "half the size", "on white"],
)
def test_a_changed_copy_is_a_copy(check, image_HWC):
    assert judge(check, subject(image_HWC)).verdict is Verdict.FAIL


def test_a_copy_on_another_ground_is_found_by_its_look(check):
    result = judge(check, subject(figure(ground=(120, 170, 240))))
    assert (result.verdict, result.details["by"]) == (Verdict.FAIL, "look")


def test_another_picture_passes(check):
    assert judge(check, subject(figure(200))).verdict is Verdict.PASS


def test_every_kind_of_known_picture_has_a_check_of_its_own(prints):
    names = [
        NearCopy(kind, nothing_known, prints).card.name
        for kind in ("registered", "recent", "training")
    ]
    assert names == ["near-copy-registered", "near-copy-recent", "near-copy-training"]


def test_a_plain_picture_has_no_pdq_hash(prints):
    plain_HWC = np.full((64, 64, 4), (90, 90, 90, 255), np.uint8)
    plain_HWC[30:34, 30:34] = (95, 90, 90, 255)
    assert prints.take(Picture.of(plain_HWC)).pdq == NO_HASH


def test_the_gallery_of_training_pictures_is_whole(prints):
    check = near_training_copy(prints)
    result = judge(check, subject(figure()))
    assert result.details["compared"] == 11776


def test_a_training_picture_is_told(prints):
    row = np.load(WEIGHTS / "training.npy", allow_pickle=False)[100]
    asked = Fingerprint(row[:4].astype("<u8").tobytes(), row[4:8].astype("<u8").tobytes())
    check = near_training_copy(
        SimpleNamespace(take=lambda _: asked, weights=prints.weights, ingredients={})
    )
    finding = check.measure(subject(figure()))
    assert (finding.score, finding.details["nearest"]) == (0.0, str(int(row[8])))


@pytest.mark.parametrize("name", ["projection.safetensors", "training.npy"])
def test_changed_weights_are_an_error_and_no_pass(tmp_path, prints, name):
    folder = Path(shutil.copytree(WEIGHTS, tmp_path / "near_copy" / "weights"))
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    damaged = Fingerprints(prints.views, folder=folder)
    with pytest.raises(CheckNotAble) as told:
        near_training_copy(damaged).measure(subject(figure()))
    assert told.value.cause is Cause.WEIGHTS_ABSENT


def test_a_changed_referee_is_an_error_and_no_pass(tmp_path):
    from limner.checks.referee.referee import WEIGHTS as REFEREE_WEIGHTS

    folder = Path(shutil.copytree(REFEREE_WEIGHTS, tmp_path / "referee"))
    (folder / "image.bin").write_bytes(b"")
    views = RefereeViews(Referee(lambda texts: None, folder=folder))
    check = NearCopy("recent", nothing_known, Fingerprints(views))
    result = judge(check, subject(figure()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)
