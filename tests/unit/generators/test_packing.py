"""Values of a graph packed in 8 bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import numpy as safetensors

from limner.generators.embedded.packing import packed, unpacked

COLUMNS = 16


def values_of(num_rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((num_rows, COLUMNS)).astype(np.float16)


@settings(max_examples=60)
@given(
    before=st.integers(0, 9),
    num_rows=st.integers(1, 5),
    after=st.integers(0, 9),
    seed=st.integers(0, 99),
)
def test_packed_matrix_comes_back_within_half_a_step_and_the_rest_exactly(
    before: int, num_rows: int, after: int, seed: int
) -> None:
    matrix_RC = values_of(num_rows, seed)
    parts = [bytes(range(2 * before)), matrix_RC.tobytes(), bytes(range(after))]
    values = np.frombuffer(b"".join(parts), np.uint8)
    back = unpacked(packed(values, {2 * before: (num_rows, COLUMNS)}))
    assert len(back) == len(values)
    start, end = 2 * before, 2 * before + matrix_RC.nbytes
    assert back[:start].tobytes() == parts[0]
    assert back[end:].tobytes() == parts[2]
    made_RC = back[start:end].view(np.float16).reshape(matrix_RC.shape).astype(np.float32)
    steps_R1 = np.abs(matrix_RC).max(axis=1, keepdims=True).astype(np.float32) / 127
    assert np.all(np.abs(made_RC - matrix_RC) <= 0.51 * steps_R1 + 1e-3 * np.abs(matrix_RC))


def test_packed_row_of_zeros_comes_back_as_zeros() -> None:
    values = np.zeros(2 * COLUMNS, np.uint8)
    assert not unpacked(packed(values, {0: (1, COLUMNS)})).any()


def test_values_without_matrices_come_back_as_they_are() -> None:
    values = np.arange(50, dtype=np.uint8)
    assert unpacked(packed(values, {})).tobytes() == values.tobytes()


def test_unpacked_refuses_what_is_not_a_packed_file() -> None:
    with pytest.raises(ValueError, match="not a packed file"):
        unpacked(b"something else")


def test_unpacked_refuses_a_file_with_a_gap() -> None:
    content = safetensors.save({"bytes.4": np.zeros(4, np.uint8)})
    with pytest.raises(ValueError, match="nothing for the bytes 0 to 4"):
        unpacked(content)


def test_unpacked_refuses_rows_without_scales() -> None:
    content = safetensors.save({"rows.0": np.zeros((1, 4), np.int8)})
    with pytest.raises(ValueError, match=r"scales\.0"):
        unpacked(content)
