import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sealing import MEDIA_TYPES

from limner.provenance.containers import read_store
from limner.provenance.exactness import is_exact


@pytest.fixture(scope="session")
def store(sealed):
    return read_store(sealed("image/png").content, "image/png")


@pytest.fixture(scope="session")
def manifest_id(sealed):
    return sealed("image/png").manifest_id


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_what_was_sealed_here_is_exact(media_type, sealed):
    made = sealed(media_type)
    assert is_exact(read_store(made.content, media_type), made.manifest_id)


def test_a_store_whose_frame_is_not_exact_is_none_and_not_exact(manifest_id):
    assert not is_exact(None, manifest_id)


def test_no_byte_of_the_filler_can_change(store, manifest_id):
    begins = store.index(bytes(1000))
    for place in range(begins, begins + 1000, 37):
        changed = store[:place] + b"\x01" + store[place + 1 :]
        assert not is_exact(changed, manifest_id), place


@pytest.mark.parametrize("name", [b"c2pa.assertions", b"c2pa.claim.v2", b"c2pa.signature", b"c2pa"])
def test_no_part_can_change_its_name(store, manifest_id, name):
    place = store.index(b"\x03" + name + b"\x00") + 1
    changed = store[:place] + b"d" + store[place + 1 :]
    assert not is_exact(changed, manifest_id)


def test_nothing_can_be_put_behind_the_store(store, manifest_id):
    assert not is_exact(store + b"\x00\x00\x00\x08free", manifest_id)


def test_a_header_of_another_name_is_not_exact(store, manifest_id):
    place = store.rindex(b"cpad") + 1
    changed = store[:place] + b"dap" + store[place + 3 :]
    assert not is_exact(changed, manifest_id)


def test_the_name_of_another_manifest_is_not_exact(store):
    assert not is_exact(store, "urn:c2pa:other")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(store_of_strangers):
    assert not is_exact(store_of_strangers, "urn:c2pa:any")


@given(data=st.data())
@settings(max_examples=200)
def test_no_damage_breaks_the_reader(store, manifest_id, data):
    place = data.draw(st.integers(0, 4000))
    piece = data.draw(st.binary(min_size=1, max_size=8))
    changed = store[:place] + piece + store[place + len(piece) :]
    assert is_exact(changed, manifest_id) in (True, False)
