"""What an incoming file says of where it comes from."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo
from sealing import FACTS, MEDIA_TYPES, encoded, read_clock

from limner.core.ports import FoundMark
from limner.provenance.certificates import pem_of
from limner.provenance.credential import seal
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import own_signer
from limner.provenance.verify import Trust
from limner.studio.look.origin import read_signals
from limner.studio.look.reading import Read, read

SAYS = "trainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return KeyFolder(tmp_path_factory.mktemp("keys") / "seal").open(read_clock())


@pytest.fixture(scope="module")
def trust(keys):
    return Trust(pem_of(keys.root).decode())


@pytest.fixture(scope="module")
def sealed(keys):
    signer = own_signer(keys)
    return {
        kind: seal(encoded(kind), kind, FACTS, signer, read_clock=read_clock).content
        for kind in MEDIA_TYPES
    }


@pytest.fixture
def signals(trust):
    """Of the bytes of a file, each as its kind and its sentence."""

    def of(content, mark=None):
        found = read(content, "one.png", 40)
        assert isinstance(found, Read)
        return list(read_signals(found, trust, mark))

    return of


def png(**texts):
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    buffer = io.BytesIO()
    PillowImage.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_credential_of_a_trusted_signer_is_proof(signals, sealed, kind):
    first = signals(sealed[kind])[0]
    assert (first.kind, first.says_ai, first.is_proof) == ("credential", True, True)


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_credential_of_a_signer_nobody_knows_is_told_and_is_no_proof(sealed, kind):
    found = read(sealed[kind], "one.png", 40)
    assert isinstance(found, Read)
    first = next(iter(read_signals(found, Trust(""), None)))
    assert (first.kind, first.is_proof) == ("credential", False)


def test_what_is_left_of_a_credential_whose_boxes_are_gone_is_told(signals, sealed):
    first = signals(sealed["image/webp"].replace(b"jumb", b"jumc"))[0]
    assert (first.kind, first.is_proof, "tampered" in first.note) == ("credential", False, True)


def test_a_mark_says_that_it_was_drawn_here_and_proves_nothing(signals):
    (found,) = signals(png(), FoundMark(value=1, score=9.0))
    assert (found.kind, found.says_ai, found.is_proof) == ("mark", True, False)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("workflow", '{"nodes": []}', "the graph of an image generator"),
        ("prompt", '{"3": {}}', "the graph of an image generator"),
        ("parameters", "a fox\nSteps: 20, Sampler: Euler, Seed: 1", "the parameters"),
        ("Software", "Midjourney", "names 'Midjourney'"),
        ("XML:com.adobe.xmp", f"http://cv.iptc.org/newscodes/digitalsourcetype/{SAYS}", SAYS),
    ],
)
def test_metadata_that_name_a_generator_are_told(signals, key, value, told):
    (found,) = signals(png(**{key: value}))
    assert (found.kind, found.is_proof, told in found.note) == ("metadata", False, True)


@pytest.mark.parametrize("texts", [{}, {"Title": "the workflow of a prompt {"}])
def test_a_file_that_says_nothing_has_no_signal(signals, texts):
    assert signals(png(**texts)) == []
