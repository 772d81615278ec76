"""The XMP twin of a credential: what asset managers read without knowing C2PA.

It is written before the credential is sealed, because any later change of it breaks the seal.
Properties of others in the packet stay as they are. Prompts are not written unless asked for.

Sources: IPTC Photo Metadata Standard 2025.1 (digital source type, AI system used); PLUS Data
Mining property (useplus.org); XMP specification part 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from xml.dom import minidom
from xml.parsers.expat import ExpatError

MAX_PACKET_BYTES = 1_000_000

_META = "adobe:ns:meta/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}
_EMPTY = (
    f'<x:xmpmeta xmlns:x="{_META}"><rdf:RDF xmlns:rdf="{_RDF}">'
    '<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>'
)


class PacketBroken(ValueError):
    """The packet is not XMP that can be read."""


def with_properties(packet: bytes | None, properties: Mapping[str, str]) -> bytes:
    """A packet with these properties in place of any of the same names.

    Args:
        packet: what the file has; ``None`` begins a new one.
        properties: by prefixed name, such as ``plus:DataMining``; plain text values.

    Raises:
        PacketBroken: `packet` cannot be read.
    """
    document = _parsed(_EMPTY.encode() if packet is None else packet)
    descriptions = document.getElementsByTagNameNS(_RDF, "Description")
    if not descriptions:
        raise PacketBroken("it describes nothing")
    for name in properties:
        for one in descriptions:
            _remove(one, name)
    for name, value in properties.items():
        prefix, _ = name.split(":")
        descriptions[0].setAttributeNS(_XMLNS, f"xmlns:{prefix}", _NAMESPACES[prefix])
        element = document.createElementNS(_NAMESPACES[prefix], name)
        element.appendChild(document.createTextNode(value))
        descriptions[0].appendChild(element)
    root = document.documentElement
    assert root is not None
    return root.toxml().encode()


def property_of(packet: bytes, name: str) -> str | None:
    """The text of a property, ``None`` if it is not there or the packet cannot be read."""
    try:
        document = _parsed(packet)
    except PacketBroken:
        return None
    namespace, local = _expanded(name)
    for one in document.getElementsByTagNameNS(_RDF, "Description"):
        if one.hasAttributeNS(namespace, local):
            return one.getAttributeNS(namespace, local)
        for element in one.getElementsByTagNameNS(namespace, local):
            return "".join(
                child.data for child in element.childNodes if isinstance(child, minidom.Text)
            )
    return None


def _parsed(packet: bytes) -> minidom.Document:
    if len(packet) > MAX_PACKET_BYTES or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise PacketBroken("it is too long, or declares entities")
    try:
        return minidom.parseString(packet.strip(b"\x00 \n\r\t"))
    except (ExpatError, ValueError) as error:
        raise PacketBroken(str(error)) from error


def _expanded(name: str) -> tuple[str, str]:
    prefix, local = name.split(":")
    return _NAMESPACES[prefix], local


def _remove(description: minidom.Element, name: str) -> None:
    namespace, local = _expanded(name)
    if description.hasAttributeNS(namespace, local):
        description.removeAttributeNS(namespace, local)
    for element in list(description.childNodes):
        node = cast(minidom.Element, element)
        if (node.namespaceURI, node.localName) == (namespace, local):
            description.removeChild(element)
