import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from limner.studio.look.reading import Read, content_of, read
from limner.studio.look.sources import Fault, Item


def encoded(picture, file_format, **options):
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def png():
    rng = np.random.default_rng(0)
    return encoded(PillowImage.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)), "PNG")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty", "is empty"),
        (b"<svg xmlns='x'><script>1</script></svg>", "svg", "with a script in it"),
        (b"<?xml version='1.0'?>\n<svg/>", "svg", "SVG drawing;"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "kind_not_read", "HEIC"),
        (b"\0\0\0\x18ftypavif" + bytes(20), "kind_not_read", "AVIF"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "kind_not_read", "a film"),
        (b"dear diary", "not_a_picture", "is no picture"),
    ],
)
def test_other_kinds_of_file_are_told_by_name(content, code, words):
    fault = read(content, "a.xyz", 50)
    assert (fault.code, words in fault.sentence) == (code, True)


def test_a_cut_picture_is_told(png):
    fault = read(png[: len(png) // 2], "a.png", 50)
    assert isinstance(fault, Fault)
    assert "'a.png'" in fault.sentence


def test_an_animation_is_told():
    frames = [PillowImage.new("RGB", (8, 8), (one, 0, 0)) for one in (0, 200)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read(content, "a.gif", 50).code == "image_animated"


def test_more_pixels_than_allowed_are_not_decoded():
    content = encoded(PillowImage.new("1", (2000, 2000)), "PNG")
    assert read(content, "a.png", 1).code == "image_too_large"


def test_sixteen_bits_are_scaled_and_not_cut_off():
    deep_HW = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = read(encoded(PillowImage.fromarray(deep_HW), "PNG"), "a.png", 50)
    grey_HW = found.picture.image_HWC[..., 0]
    assert np.abs(grey_HW - deep_HW / 257.0).max() <= 0.5


def png_of_sixteen_bits(deep_HWC):
    """A PNG of 16 bits a channel, which Pillow reads and does not write."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, channels = deep_HWC.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep_HWC)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_a_channel_are_read_as_eight(channels):
    rng = np.random.default_rng(3)
    deep_HWC = rng.integers(0, 65536, (16, 24, channels)).astype(np.uint16)
    found = read(png_of_sixteen_bits(deep_HWC), "a.png", 50)
    image_HWC = found.picture.image_HWC[..., :channels].astype(int)
    assert np.abs(image_HWC - deep_HWC / 257.0).max() <= 1


def test_pixels_that_are_fractions_are_refused():
    content = encoded(PillowImage.fromarray(np.zeros((8, 8), np.float32)), "TIFF")
    assert isinstance(read(content, "a.tif", 50), Fault)


def test_four_inks_are_read_as_colour():
    content = encoded(PillowImage.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    red, green, _, _ = read(content, "a.jpg", 50).picture.image_HWC[8, 8]
    assert (red > 200, green < 60) == (True, True)


def test_a_file_that_is_gone_is_told(tmp_path):
    fault = content_of(Item(name="a.png", path=str(tmp_path / "a.png")))
    assert fault == Fault("unreadable", "'a.png' cannot be read: no such file or directory.")


@settings(max_examples=150)
@given(st.data())
def test_no_change_of_bytes_raises(png, data):
    changed = bytearray(png)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(png) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(bytes(changed), "a.png", 50), (Read, Fault))
