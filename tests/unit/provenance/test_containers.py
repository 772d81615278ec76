import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from sealing import FACTS, MEDIA_TYPES, encoded, picture, pixels_of, read_clock, source

from limner.core.records import Operation
from limner.provenance.containers import (
    ContainerBroken,
    has_store_traces,
    media_type_of,
    read_store,
    read_xmp,
    write_xmp,
)
from limner.provenance.credential import seal

every_type = pytest.mark.parametrize("media_type", MEDIA_TYPES)


@every_type
def test_a_type_is_told_by_content(media_type):
    assert media_type_of(encoded(media_type)) == media_type


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"RIFF0000WAVE", b"\xff\xd8", b"\x89PNG"])
def test_other_content_has_no_type(content):
    assert media_type_of(content) is None


@every_type
def test_a_file_without_metadata_has_no_packet(media_type):
    assert read_xmp(encoded(media_type), media_type) is None


@every_type
@given(packet=st.binary(min_size=1, max_size=3000))
@settings(max_examples=50)
def test_a_packet_that_is_written_is_read_back(media_type, packet):
    content = write_xmp(encoded(media_type), media_type, packet)
    assert read_xmp(content, media_type) == packet


@every_type
@given(packet=st.binary(min_size=1, max_size=300))
@settings(max_examples=20)
def test_pixels_stay_when_a_packet_is_written(media_type, packet):
    before = encoded(media_type)
    after = write_xmp(before, media_type, packet)
    assert np.array_equal(pixels_of(after), pixels_of(before))


@every_type
def test_a_second_packet_takes_the_place_of_the_first(media_type):
    once = write_xmp(encoded(media_type), media_type, b"first")
    assert write_xmp(once, media_type, b"second") == write_xmp(
        encoded(media_type), media_type, b"second"
    )


@every_type
def test_other_programs_find_the_packet(media_type):
    content = write_xmp(encoded(media_type), media_type, b"<x:xmpmeta/>")
    with PillowImage.open(io.BytesIO(content)) as opened:
        opened.load()
        found = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp")
    assert found in (b"<x:xmpmeta/>", "<x:xmpmeta/>")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("is_lossless", [True, False])
def test_a_webp_file_without_features_gets_them(mode, is_lossless):
    buffer = io.BytesIO()
    drawn = PillowImage.fromarray(picture(), "RGBA").convert(mode).resize((37, 51))
    drawn.save(buffer, "WEBP", lossless=is_lossless, exact=True)
    content = write_xmp(buffer.getvalue(), "image/webp", b"packet!")
    with PillowImage.open(io.BytesIO(content)) as opened:
        assert (opened.size, opened.mode) == ((37, 51), mode)
        assert opened.info["xmp"] == b"packet!"
    assert np.array_equal(pixels_of(content), pixels_of(buffer.getvalue()))


@every_type
def test_a_jpeg_with_exif_keeps_it_first(media_type):
    buffer = io.BytesIO()
    exif = PillowImage.Exif()
    exif[0x010E] = "described"
    drawn = PillowImage.fromarray(picture(), "RGBA").convert("RGB")
    drawn.save(buffer, media_type.removeprefix("image/").upper(), exif=exif)
    content = write_xmp(buffer.getvalue(), media_type, b"packet")
    with PillowImage.open(io.BytesIO(content)) as opened:
        assert opened.getexif()[0x010E] == "described"


def test_a_packet_too_long_for_jpeg_is_refused():
    with pytest.raises(ContainerBroken, match="JPEG allows"):
        write_xmp(encoded("image/jpeg"), "image/jpeg", b"x" * 70_000)


@every_type
@given(data=st.data())
@settings(max_examples=60)
def test_a_cut_file_is_refused_or_read(media_type, data):
    content = encoded(media_type)
    cut = content[: data.draw(st.integers(0, len(content)))]
    try:
        write_xmp(cut, media_type, b"packet")
    except ContainerBroken:
        pass


@every_type
@given(tail=st.binary(max_size=200))
def test_no_bytes_break_the_readers(media_type, tail):
    content = encoded(media_type)[:12] + tail
    for read in (read_xmp, read_store):
        try:
            read(content, media_type)
        except ContainerBroken:
            pass


@every_type
def test_a_file_without_a_store_has_none(media_type):
    content = encoded(media_type)
    assert read_store(content, media_type) is None
    assert not has_store_traces(content)


@every_type
def test_the_store_of_a_sealed_file_is_found(media_type, sealed):
    content = sealed(media_type).content
    store = read_store(content, media_type)
    assert store is not None
    assert store[4:8] == b"jumb"
    assert has_store_traces(content)


def test_a_store_of_several_jpeg_segments_is_joined(signer):
    content = encoded("image/jpeg")
    for _ in range(6):  # each keeps the credential of the one before, until one segment is short
        made_from = source(content)
        facts = replace(FACTS, operation=Operation.IMAGE, ingredients=(made_from,))
        content = seal(
            encoded("image/jpeg"), "image/jpeg", facts, signer, read_clock=read_clock
        ).content
    store = read_store(content, "image/jpeg")
    assert store is not None
    assert len(store) > 0xFFFF
    assert int.from_bytes(store[:4], "big") == len(store)


@given(chunks=st.binary(max_size=120))
def test_no_webp_chunks_break_the_writer(chunks):
    content = b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks
    try:
        write_xmp(content, "image/webp", b"packet")
    except ContainerBroken:
        pass


@given(
    name=st.sampled_from([b"VP8X", b"VP8L", b"VP8 ", b"ALPH"]),
    held=st.binary(max_size=30),
)
def test_no_first_webp_chunk_breaks_the_writer(name, held):
    chunk = name + len(held).to_bytes(4, "little") + held + bytes(len(held) % 2)
    content = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    try:
        write_xmp(content, "image/webp", b"packet")
    except ContainerBroken:
        pass


def broken(*chunks):
    """A PNG file of these chunks, their sums left out."""
    parts = [len(held).to_bytes(4, "big") + name + held + bytes(4) for name, held in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_png_without_pixels_is_refused():
    with pytest.raises(ContainerBroken, match="has no pixels"):
        write_xmp(broken((b"IHDR", b""), (b"IEND", b"")), "image/png", b"packet")


def test_a_png_without_an_end_is_refused():
    with pytest.raises(ContainerBroken, match="has no end"):
        read_xmp(broken((b"IHDR", b"")), "image/png")


def test_a_webp_without_chunks_is_refused():
    with pytest.raises(ContainerBroken, match="is empty"):
        write_xmp(b"RIFF\x04\0\0\0WEBP", "image/webp", b"packet")


def test_a_store_in_two_chunks_is_no_frame_of_ours(sealed):
    content = sealed("image/png").content
    place = content.index(b"caBX") - 4
    frame = content[place : place + 12 + int.from_bytes(content[place : place + 4], "big")]
    split = content[:place] + frame + broken((b"teXt", b""))[8:] + frame + content[place:]
    assert read_store(split, "image/png") is None
