import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.hashing import canonical_json, sha256_of_bytes, sha256_of_pixels

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_sha256_of_bytes_carries_its_algorithm():
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_of_bytes(b"") == f"sha256:{digest}"


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_canonical_json_reads_back_as_the_same_document(document):
    assert json.loads(canonical_json(document)) == document


@given(st.dictionaries(st.text(), st.integers()))
def test_canonical_json_does_not_depend_on_the_order_of_keys(document):
    turned = dict(reversed(document.items()))
    assert canonical_json(turned) == canonical_json(document)


def test_canonical_json_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"score": float("nan")})


def test_sha256_of_pixels_tells_shapes_apart():
    pixels = np.zeros((2, 8), np.uint8)
    assert sha256_of_pixels(pixels) != sha256_of_pixels(pixels.reshape(4, 4))


def test_sha256_of_pixels_does_not_depend_on_memory_layout():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert sha256_of_pixels(np.asfortranarray(pixels)) == sha256_of_pixels(pixels)
