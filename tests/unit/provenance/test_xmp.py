import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.provenance.xmp import PacketBroken, property_of, with_properties

MINING = "plus:DataMining"
SYSTEM = "Iptc4xmpExt:AISystemUsed"
OTHERS = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:AISystemUsed="Other 1">'
    b"<dc:title>mine</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    b'<?xpacket end="w"?>'
)

printable = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=40
)


@given(printable)
def test_a_property_that_is_written_is_read_back(value):
    assert property_of(with_properties(None, {SYSTEM: value}), SYSTEM) == value


@given(printable, printable)
def test_writing_again_takes_the_place_of_the_first(first, second):
    packet = with_properties(with_properties(None, {SYSTEM: first}), {SYSTEM: second})
    assert property_of(packet, SYSTEM) == second


def test_properties_of_others_stay():
    packet = with_properties(OTHERS, {MINING: "no"})
    assert b"<dc:title>mine</dc:title>" in packet


def test_a_property_of_the_same_name_is_replaced_whatever_its_prefix_and_form():
    packet = with_properties(OTHERS, {SYSTEM: "Limner"})
    assert property_of(packet, SYSTEM) == "Limner"
    assert b"Other 1" not in packet


def test_a_property_in_short_form_is_read():
    assert property_of(OTHERS, SYSTEM) == "Other 1"


def test_a_missing_property_is_none():
    assert property_of(OTHERS, MINING) is None


BROKEN = [
    b"",
    b"<x",
    b"\xff\xfe\x00",
    b"<a/>",
    b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
    b" " * 1_000_001,
]


@pytest.mark.parametrize("packet", BROKEN)
def test_a_broken_packet_is_refused(packet):
    with pytest.raises(PacketBroken):
        with_properties(packet, {MINING: "no"})


@pytest.mark.parametrize("packet", BROKEN)
def test_a_broken_packet_has_no_properties(packet):
    assert property_of(packet, MINING) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(packet):
    assert property_of(packet, MINING) is None
