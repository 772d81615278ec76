from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.core.errors import BadInput
from limner.studio.look.examples import (
    Example,
    named,
    part,
    read_examples,
    require_apart,
    require_enough,
)

PARTS = SimpleNamespace(settings=SimpleNamespace(max_input_megapixels=1))


def example(number, pdq=None):
    return Example(image_id=f"sha256:{number:064x}", name=f"{number}.png", pdq=pdq, seen=number)


def hashed(number):
    return np.random.default_rng(number).bytes(32)


def read(paths, most=10):
    faults = []
    see = lambda picture: picture.pixels_sha256  # noqa: E731
    found = read_examples(PARTS, paths, see, most=most, on_fault=faults.append)
    return found, faults


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(3):
        rough = PillowImage.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        rough.resize((96, 80)).save(tmp_path / f"{number}.png")
    return tmp_path


def test_a_file_under_two_names_is_one_example(folder):
    (folder / "again.png").write_bytes((folder / "1.png").read_bytes())
    assert len(read([folder])[0]) == 3


def test_a_broken_file_is_told_and_left_out(folder):
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:300])
    found, faults = read([folder])
    assert (len(found), "1.png" in faults[0].sentence) == (2, True)


def test_more_pictures_than_can_be_learnt_from_are_refused(folder):
    with pytest.raises(BadInput, match="more than 2 pictures"):
        read([folder], most=2)


def test_too_few_pictures_are_refused_with_their_number():
    with pytest.raises(BadInput, match="--yes has 1 different pictures; allowed are 20 or more"):
        require_enough([example(1)], 20, "--yes")


def test_a_file_that_is_an_example_of_both_is_named():
    with pytest.raises(BadInput, match=r"'1\.png' is the same file as '1\.png'"):
        require_apart([example(1)], [example(2), example(1)], "--yes and --no")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61])
def test_a_name_that_cannot_be_told_is_refused(name):
    with pytest.raises(BadInput, match="printable"):
        named(name, "label")


def test_halves_are_as_large_and_hold_everything_once():
    kind = [example(one, hashed(one)) for one in range(40)]
    (halves,) = part([kind])
    ids = [one.image_id for half in halves for one in half]
    assert (len(halves.learning), sorted(ids)) == (20, sorted(one.image_id for one in kind))


def test_near_copies_stay_on_one_side_also_of_two_kinds():
    def pair(number):
        near = bytearray(hashed(number // 2))
        near[0] ^= number % 2  # one of 256 bits
        return example(number, bytes(near))

    kinds = [[pair(one) for one in range(0, 80, 2)], [pair(one) for one in range(1, 80, 2)]]
    sides = {}
    for halves in part(kinds):
        for side, half in enumerate(halves):
            for one in half:
                sides.setdefault(one.seen // 2, set()).add(side)
    assert {len(one) for one in sides.values()} == {1}


def test_the_same_examples_part_the_same_way_in_any_order():
    kind = [example(one, hashed(one)) for one in range(30)]
    ids = [{one.image_id for one in part([order])[0].learning} for order in (kind, kind[::-1])]
    assert ids[0] == ids[1]


def test_examples_that_are_all_near_copies_are_refused():
    alike = [example(one, hashed(0)) for one in range(30)]
    with pytest.raises(BadInput, match="nearly copy each other"):
        part([alike])
