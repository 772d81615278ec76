from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.core.hashing import canonical_json
from limner.core.labels import Label, LabelPosition, LabelSize
from limner.core.records import Margins, Request, Size
from limner.studio.request_document import document_of, request_of


def back(document):
    return request_of(document, lambda pixels, file: None, 64)


def as_values(request):
    return {one.name: getattr(request, one.name) for one in fields(Request)}


def test_a_document_has_every_field_of_a_request():
    assert document_of(Request(prompt="a"), None, None).keys() - {"format"} == {
        one.name for one in fields(Request)
    }


sides = st.integers(1, 4096)
requests = st.builds(
    Request,
    prompt=st.text(),
    template=st.none() | st.text(),
    negative=st.text(),
    num_images=st.integers(1, 64),
    seed=st.none() | st.integers(0, 2**32 - 1),
    steps=st.none() | st.integers(1, 100),
    guidance=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    sampler=st.none() | st.text(),
    size=st.none() | st.builds(Size, sides, sides),
    style=st.none() | st.text(),
    background=st.text(),
    strength=st.none() | st.floats(0, 1),
    margins=st.none() | st.builds(Margins, sides, sides, sides, sides),
    is_deterministic=st.booleans(),
    is_combinatorial=st.booleans(),
    impact=st.none() | st.text(),
    label=st.none() | st.builds(Label, st.sampled_from(LabelPosition), st.sampled_from(LabelSize)),
    file_quality=st.none() | st.integers(0, 100),
    within_seconds=st.none() | st.floats(1e-3, 1e6),
)


@given(requests)
def test_a_request_comes_back_as_it_was(request):
    document = document_of(request, None, None)
    assert as_values(back(document)) == as_values(request)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "limner.request/2"}, "format 'limner.request/2'"),
        ({"num_images": "three"}, "'num_images'"),
        ({"colour": "red"}, "'colour'"),
        ({"size": [1]}, "'size"),
    ],
)
def test_a_document_that_is_not_one_is_refused(change, said):
    document = document_of(Request(prompt="a"), None, None) | change
    with pytest.raises(BadInput, match=said):
        back(document)


def test_a_document_is_json():
    assert "limner.request/1" in canonical_json(document_of(Request(prompt="a"), None, None))
