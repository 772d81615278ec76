import cbor2
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


NAME = "urn:c2pa:made"


def box(kind, held):
    return (8 + len(held)).to_bytes(4, "big") + kind + held


def superbox(label, *held, toggles=0x03, salt=b""):
    described = bytes(16) + bytes([toggles]) + label + b"\x00" + salt
    return box(b"jumb", box(b"jumd", described) + b"".join(held))


def signature(free=None, *, tag=18, value=None):
    parts = [b"protected", {"pad": bytes(9)} if free is None else free, None, b"signature"]
    return cbor2.dumps(cbor2.CBORTag(tag, parts if value is None else value))


def made_store(cose=None, *, more=(), assertion=None):
    """The least store that is exact, with parts of it replaced."""
    cose = signature() if cose is None else cose
    assertion = superbox(b"a.label", box(b"cbor", b"x")) if assertion is None else assertion
    parts = (
        superbox(b"c2pa.assertions", assertion),
        superbox(b"c2pa.claim.v2", box(b"cbor", b"claim")),
        superbox(b"c2pa.signature", box(b"cbor", cose)),
    )
    return superbox(b"c2pa", *more, superbox(NAME.encode(), *parts))


def test_the_least_store_is_exact():
    assert is_exact(made_store(), NAME)


def test_a_salted_assertion_is_exact():
    salted = superbox(b"a.label", box(b"cbor", b"x"), toggles=0x13, salt=box(b"c2sh", bytes(16)))
    assert is_exact(made_store(assertion=salted), NAME)


def test_a_compressed_ingredient_is_exact():
    squeezed = superbox(b"urn:c2pa:other", box(b"brob", b"squeezed"))
    assert is_exact(made_store(more=[squeezed]), NAME)


@pytest.mark.parametrize(
    "cose",
    [
        signature({"pad": b"\x00\x01"}),
        signature({"pad": "text"}),
        signature({"more": b""}),
        signature({"sigTst2": {"tstTokens": [{"val": b"x"}, {"val": b"y"}]}}),
        signature({"sigTst2": {"tstTokens": [{"val": b"x", "more": b""}]}}),
        signature({"sigTst2": {"tstTokens": [{"val": "text"}]}}),
        signature({"sigTst2": {"tokens": [{"val": b"x"}]}}),
        signature({"sigTst2": []}),
        signature({"sigTst2": {"tstTokens": 7}}),
        signature([]),
        signature(tag=17),
        signature(value=[b"", {}, None]),
        signature(value={}),
        signature() + b"\x00",
        cbor2.dumps(7),
        b"\xd2\x84\x58\x01p\xa0\xf6\x41s",
        b"\xff",
        b"",
    ],
)
def test_a_signature_in_another_form_is_not_exact(cose):
    assert not is_exact(made_store(cose), NAME)


def test_a_stamp_of_another_authority_is_left_to_the_library():
    stamped = signature({"sigTst2": {"tstTokens": [{"val": b"of another"}]}, "pad": b""})
    assert is_exact(made_store(stamped), NAME)


@pytest.mark.parametrize(
    "assertion",
    [
        superbox(b"a.label", toggles=0x13),
        superbox(b"a.label", toggles=0x01),
        superbox(b"a.label", salt=box(b"c2sh", bytes(16))),
        box(b"jumb", box(b"cbor", b"x")),
        box(b"jumb", box(b"jumd", b"short")),
        box(b"jumb", box(b"jumd", bytes(16) + b"\x03no end")),
        box(b"cbor", box(b"jumd", bytes(16) + b"\x03a\x00")),
        b"\x00\x00\x00\x07cbor",
        b"\x00\x00\xff\xffcbor",
    ],
)
def test_a_box_in_another_form_is_not_exact(assertion):
    assert not is_exact(made_store(assertion=assertion), NAME)


def test_a_part_that_c2pa_has_no_name_for_is_not_exact():
    odd = superbox(b"urn:c2pa:other", superbox(b"c2pa.extras"))
    assert not is_exact(made_store(more=[odd]), NAME)
