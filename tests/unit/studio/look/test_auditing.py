"""A small data set with one of every fault, audited with the real tagger and checks."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.checks.tagger.tagger import Tagger
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.rights import RightsEntry, RightsKind
from limner.studio.look.auditing import audit


def striped(seed, across, dim=1.0):
    """Stripes of some colour, upright or lying."""
    rng = np.random.default_rng(seed)
    ramp = np.sin(np.arange(96) / rng.uniform(3, 5)) * 90 + 128
    grid = np.broadcast_to(ramp, (96, 96)) if across else np.broadcast_to(ramp[:, None], (96, 96))
    rgb_HWC = grid[..., None] * rng.uniform(0.6, 1, 3) + rng.normal(0, 8, (96, 96, 3))
    return PillowImage.fromarray(np.clip(rgb_HWC * dim, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("set")
    places = {("train", "up", True, 0, 10), ("train", "lying", False, 100, 10)}
    places |= {("test", "up", True, 200, 5), ("test", "lying", False, 300, 5)}
    for split, label, across, first, num in places:
        (made / split / label).mkdir(parents=True)
        for seed in range(first, first + num):
            striped(seed, across).save(made / split / label / f"{seed}.png")
    striped(50, across=True).save(made / "train" / "lying" / "wrong.png")
    striped(60, across=True, dim=0.05).save(made / "train" / "up" / "dark.png")
    rough = np.random.default_rng(5).integers(0, 256, (6, 8, 3), np.uint8)
    leaked = PillowImage.fromarray(rough).resize((128, 96))
    leaked.save(made / "train" / "up" / "rough.png")
    leaked.save(made / "test" / "up" / "leaked.jpg", quality=80)
    (made / "train" / "odd").mkdir()
    striped(70, across=True).save(made / "train" / "odd" / "70.png")
    (made / "train" / "up" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (made / "train" / "up" / "readme.txt").write_text("no picture")
    return made


@pytest.fixture(scope="module")
def found(parts, folder):
    now = datetime.now(UTC)
    up = folder / "train" / "up"
    keys = [sha256_of_bytes((up / f"{one}.png").read_bytes()) for one in (0, 1)]
    allowed = RightsEntry(kind=RightsKind.SOURCE, title="own", licence="CC0-1.0", keys=(keys[0],))
    parts.store.rights.add(allowed, now)
    ending = RightsEntry(
        kind=RightsKind.LICENCE, title="lent", licence="lent", keys=(keys[1],),
        expires_at=now - timedelta(days=1),
    )  # fmt: skip
    parts.store.rights.add(ending, now - timedelta(days=2))
    splits = {"train": folder / "train", "test": folder / "test"}
    return audit(parts, Tagger(num_threads=1), splits)


def last(name):
    return name.rpartition("/")[2]


def test_a_picture_of_the_test_that_is_learnt_from_is_found(found):
    assert [(last(one.first), last(one.second)) for one in found.across_splits] == [
        ("rough.png", "leaked.jpg")
    ]


def test_a_copy_in_its_own_split_hides_no_picture_that_is_learnt_from(parts, tmp_path):
    rough = np.random.default_rng(5).integers(0, 256, (6, 8, 3), np.uint8)
    picture = PillowImage.fromarray(rough).resize((128, 96))
    for place in ("train/up", "test/up"):
        (tmp_path / place).mkdir(parents=True)
    picture.save(tmp_path / "train" / "up" / "rough.png")
    for name in ("again.jpg", "leaked.jpg"):  # one file twice
        picture.save(tmp_path / "test" / "up" / name, quality=80)
    splits = {"train": tmp_path / "train", "test": tmp_path / "test"}
    found = audit(parts, Tagger(num_threads=1), splits)
    assert [(last(one.first), last(one.second)) for one in found.across_splits] == [
        ("rough.png", "again.jpg"),
        ("rough.png", "leaked.jpg"),
    ]
    assert found.two_labels == ()


def test_a_picture_in_the_wrong_folder_is_the_most_doubtful(found):
    first = found.mislabelled[0]
    assert (last(first.name), first.label, first.likelier) == ("wrong.png", "lying", "up")


def test_a_label_of_which_there_are_few_is_named(found):
    assert (found.lopsided, found.missing) == ({"odd": 12.0}, ("test: odd",))


def test_a_dark_picture_is_counted_in_the_spread_of_its_split(found):
    spreads = {(one.split, one.check): one for one in found.spreads}
    assert spreads["train", "exposure"].num_failing == 1
    assert spreads["test", "exposure"].num_failing == 0
    assert spreads["train", "exposure"].low < spreads["train", "exposure"].middle


def test_pictures_without_rights_in_force_are_named(found):
    without = {last(one) for one in found.without_rights}
    assert "0.png" not in without
    assert {"1.png", "leaked.jpg"} <= without
    assert [last(one) for one in found.ended_rights] == ["1.png"]


def test_a_broken_picture_is_told_and_other_files_are_passed_over(found):
    assert [("cut.png" in one.sentence) for one in found.faults] == [True]


def test_labels_are_counted_by_their_folders(found):
    assert found.counts["train"] == {"lying": 11, "odd": 1, "up": 12}


def test_the_document_is_json(found):
    assert json.loads(json.dumps(found.to_document()))["lopsided"] == {"odd": 12.0}


def test_a_folder_without_pictures_is_refused(parts, tmp_path):
    with pytest.raises(BadInput, match="There is no picture in"):
        audit(parts, Tagger(num_threads=1), {"train": tmp_path})
