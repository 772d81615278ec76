import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import EngineLost
from limner.generators.process.frames import Frame, read_frame, write_frame

VALUES = st.dictionaries(
    st.text(max_size=8), st.none() | st.integers(-9, 9) | st.text(max_size=8), max_size=4
)


def written(frame: Frame) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, frame)
    return stream.getvalue()


WHOLE = written(Frame(kind="step", values={"a": 1}, arrays={"x": np.ones((2, 3, 4), np.uint8)}))


@given(VALUES, st.sampled_from(["uint8", "float32"]), st.lists(st.integers(0, 4), max_size=4))
def test_any_frame_comes_back(values, dtype, shape):
    array = np.arange(int(np.prod(shape))).astype(dtype).reshape(shape)
    found = read_frame(io.BytesIO(written(Frame(kind="k", values=values, arrays={"x": array}))))
    assert (found.kind, found.values) == ("k", values)
    assert np.array_equal(found.arrays["x"], array)


def test_the_end_between_two_frames_is_no_frame():
    assert read_frame(io.BytesIO(b"")) is None


@pytest.mark.parametrize("length", range(1, len(WHOLE), 7))
def test_a_frame_that_is_cut_is_refused(length):
    with pytest.raises(EngineLost):
        read_frame(io.BytesIO(WHOLE[:length]))


@given(st.binary(min_size=1, max_size=80))
def test_noise_is_refused(noise):
    with pytest.raises(EngineLost):
        read_frame(io.BytesIO(noise))


@given(st.binary(max_size=60))
def test_a_header_of_noise_is_refused(noise):
    start = b"LMF1" + len(noise).to_bytes(4, "big")
    with pytest.raises(EngineLost):
        read_frame(io.BytesIO(start + noise))


@pytest.mark.parametrize(
    "array", ['["object", [1]]', '["uint8", [-1]]', '["uint8", [9999999999]]', '["uint8", [true]]']
)
def test_an_array_of_another_kind_is_refused(array):
    header = ('{"kind": "k", "values": {}, "arrays": {"x": ' + array + "}}").encode()
    with pytest.raises(EngineLost):
        read_frame(io.BytesIO(b"LMF1" + len(header).to_bytes(4, "big") + header + bytes(8)))
