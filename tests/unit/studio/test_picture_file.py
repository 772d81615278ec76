import io
import struct
import warnings
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from limner.core.errors import ImageUnreadable
from limner.studio.picture_file import FORMATS, read_content, read_mask, read_picture


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(side_px: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be `side_px` pixels a side."""
    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 6, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def refusal(path, max_megapixels=64) -> str:
    with pytest.raises(ImageUnreadable) as refused:
        read_picture(path, max_megapixels)
    return refused.value.message


def test_a_picture_is_read_as_rgba(photo):
    assert read_picture(photo, 64).image_HWC.shape == (30, 40, 4)


def test_a_picture_is_turned_as_its_orientation_says(tmp_path):
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    PillowImage.new("RGB", (40, 30)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_picture(tmp_path / "turned.jpg", 64).image_HWC.shape == (40, 30, 4)


def test_a_missing_file_is_refused(tmp_path):
    assert "cannot be read: no such file or directory." in refusal(tmp_path / "gone.png")


def test_a_folder_is_refused(tmp_path):
    assert "cannot be read: is a directory." in refusal(tmp_path)


def test_text_is_refused(tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    assert "allowed are whole PNG, JPEG" in refusal(tmp_path / "notes.png")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    assert "cannot be read as a picture" in refusal(tmp_path / "empty.png")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_a_truncated_file_is_refused(tmp_path, suffix, share):
    whole = tmp_path / f"whole.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    PillowImage.fromarray(noise).save(whole)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert "cannot be read" in refusal(cut)


def test_a_huge_file_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "huge.png").write_bytes(huge_png(9_000))
    assert "has 9000x9000 pixels; allowed are up to 64 megapixels." in refusal(
        tmp_path / "huge.png"
    )


def test_a_decompression_bomb_is_refused(tmp_path):
    (tmp_path / "bomb.png").write_bytes(huge_png(60_000))
    assert "allowed are up to 64 megapixels." in refusal(tmp_path / "bomb.png")


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_an_animated_file_is_refused(tmp_path, suffix):
    frames = [PillowImage.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    path = tmp_path / f"animated.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert "has 3 frames; allowed is a still picture." in refusal(path)


def test_a_mask_is_white_where_it_repaints(tmp_path):
    PillowImage.new("RGB", (4, 4), "white").save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", 64).mask_HW.min() == 255


def test_a_transparent_mask_keeps(tmp_path):
    PillowImage.new("RGBA", (4, 4), (255, 255, 255, 0)).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", 64).mask_HW.max() == 0


def file_in(file_format: str) -> bytes:
    """A picture of few bytes, many of which say something about the others."""
    exif = PillowImage.Exif()
    exif.update({0x0112: 6, 0x010F: "Maker", 0x011A: 72.0, 0x9003: "2026:01:01 00:00:00"})
    written = io.BytesIO()
    PillowImage.new("RGB", (9, 7), "red").save(written, file_format, exif=exif.tobytes())
    return written.getvalue()


FILES = {one: file_in(one) for one in FORMATS}


@settings(max_examples=1500, deadline=None)
@given(
    file_format=st.sampled_from(FORMATS),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_file_is_a_picture_or_refused(file_format, changes):
    content = bytearray(FILES[file_format])
    for place, value in changes:
        content[place % len(content)] = value
    with suppress(ImageUnreadable), warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_content(bytes(content), "damaged", 64)
        assert read.picture.image_HWC.shape[2] == 4


def test_a_picture_whose_exif_is_odd_is_read_and_turned():
    head = b"Exif\0\0II*\0\x08\0\0\0\x02\0"
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    unit_in_words = struct.pack("<HHI4s", 0x0128, 2, 4, b"dpi\0")
    written = io.BytesIO()
    exif = head + turned + unit_in_words + bytes(4)
    PillowImage.new("RGB", (40, 30)).save(written, "JPEG", exif=exif)
    assert read_content(written.getvalue(), "odd", 64).picture.image_HWC.shape == (40, 30, 4)
