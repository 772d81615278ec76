"""Facts of revalidation: another camera, dataset or check than at the reference."""

import io
from dataclasses import replace

import pytest
from PIL import Image as PillowImage
from streams import BEGAN

from limner.core.watching import Basis
from limner.store.streams import StreamImage
from limner.studio.image_file import read_texts
from limner.studio.watch.basis import GONE, cameras_of, changes_of

BASIS = Basis(
    model="sha256:aa",
    criteria="sha256:bb",
    checks={"sharpness": "sha256:cc"},
    cameras=("Pixel 8 4080x3072", "unknown camera"),
    datasets={"basics": "sha256:dd"},
)
IMAGE = StreamImage(
    image_id="sha256:01",
    came_at=BEGAN,
    recipe={},
    results={},
    outcome="released",
    size="6000x4000",
    bits_per_pixel=2.5,
    camera="EOS R5",
)


def test_nothing_that_stayed_is_a_change():
    assert changes_of(BASIS, BASIS, []) == []


@pytest.mark.parametrize(
    ("name", "now", "measure"),
    [
        ("model", "sha256:ff", "basis.model"),
        ("criteria", "", "basis.criteria"),
        ("checks", {"sharpness": "sha256:ff"}, "basis.check.sharpness"),
        ("checks", {}, "basis.check.sharpness"),
        ("checks", {**BASIS.checks, "nsfw": "sha256:ee"}, "basis.check.nsfw"),
        ("datasets", {"basics": "gone"}, "basis.dataset.basics"),
    ],
)
def test_what_is_another_one_is_named(name: str, now: object, measure: str):
    (change,) = changes_of(BASIS, replace(BASIS, **{name: now}), [])
    assert change.measure == measure


def test_a_new_camera_is_named_and_its_images_are_shown():
    now = replace(BASIS, cameras=("EOS R5 6000x4000",))
    (change,) = changes_of(BASIS, now, [IMAGE])
    assert "EOS R5 6000x4000" in change.note
    assert change.examples == (IMAGE.image_id,)


def sized(size: str, num: int) -> list[StreamImage]:
    return [replace(IMAGE, image_id=f"sha256:{k}", size=size, camera="") for k in range(num)]


def test_sizes_stand_for_cameras_where_files_name_none_and_sizes_are_few():
    assert cameras_of(sized("4000x3000", 90) + sized("640x480", 10)) == (
        "unknown camera 4000x3000",
        "unknown camera 640x480",
    )


def test_images_of_any_size_are_of_an_unknown_camera():
    images = [one for k in range(40) for one in sized(f"{600 + k}x480", 1)]
    assert cameras_of(images) == ("unknown camera",)


@pytest.mark.parametrize(("num", "is_new"), [(9, False), (10, True)])
def test_ten_images_of_a_size_the_reference_has_not_are_another_camera(num: int, is_new: bool):
    before = cameras_of(sized("4000x3000", 100))
    came = sized("4000x3000", 30) + sized("6000x4000", num)
    basis = replace(BASIS, cameras=before)
    changes = changes_of(basis, replace(BASIS, cameras=cameras_of(came, before)), came)
    assert [one.measure for one in changes] == (["basis.camera"] if is_new else [])
    assert all(one.examples == tuple(f"sha256:{k}" for k in range(6)) for one in changes)


def test_where_any_size_may_come_another_size_is_no_change():
    came = sized("6000x4000", 50)
    now = replace(BASIS, cameras=cameras_of(came, BASIS.cameras))
    assert changes_of(BASIS, now, came) == []


def test_a_camera_that_was_turned_is_the_same_one():
    turned = replace(IMAGE, size="4000x6000")
    assert cameras_of([IMAGE]) == cameras_of([turned]) == ("EOS R5 6000x4000",)


def test_fewer_cameras_are_no_change():
    assert changes_of(BASIS, replace(BASIS, cameras=()), []) == []


def test_a_suite_that_could_not_be_read_at_the_reference_is_no_change():
    before = replace(BASIS, datasets={"own": GONE})
    assert changes_of(before, replace(BASIS, datasets={"own": "sha256:99"}), []) == []


def test_a_suite_that_was_measured_on_later_is_no_change():
    now = replace(BASIS, datasets={**BASIS.datasets, "robust": "sha256:99"})
    assert changes_of(BASIS, now, []) == []


@pytest.mark.parametrize(
    ("model", "camera"),
    [("EOS R5", "EOS R5"), ("\x1b[31mred\n", "[31mred"), ("x" * 500, "x" * 60)],
)
def test_the_camera_is_what_the_file_says_and_nothing_that_moves_a_terminal(model, camera):
    exif = PillowImage.Exif()
    exif[0x0110] = model
    buffer = io.BytesIO()
    PillowImage.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    with PillowImage.open(buffer) as opened:
        assert read_texts(opened).camera == camera


def test_a_file_without_exif_names_no_camera():
    buffer = io.BytesIO()
    PillowImage.new("RGB", (8, 8)).save(buffer, "PNG")
    with PillowImage.open(buffer) as opened:
        assert read_texts(opened).camera == ""
