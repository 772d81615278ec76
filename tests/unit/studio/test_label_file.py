import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.studio.label_file import LabelRow, read_labels


@pytest.fixture
def written(tmp_path):
    def write(text, name="labels.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_scores_labels_and_probabilities_are_read(written):
    path = written("score,label,probability\n0.5,1,0.05\n-2e3,0,1\n")
    assert read_labels(path) == [LabelRow(0.5, True, 0.05), LabelRow(-2000.0, False, 1.0)]


def test_without_a_probability_all_were_looked_at(written):
    assert read_labels(written("label,score\n1.0,0.5\n")) == [LabelRow(0.5, True, 1.0)]


def test_jsonl_says_the_same(written):
    path = written('{"score": 0.5, "label": 1}\n\n{"score": "0.6", "label": 0}\n', "l.jsonl")
    assert read_labels(path) == [LabelRow(0.5, True), LabelRow(0.6, False)]


def test_a_byte_order_mark_is_no_column(written):
    assert len(read_labels(written("\ufeffscore,label\n1,1\n"))) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("score,label\n0.5,2\n", "the label '2' in row 1; allowed are 1"),
        ("score,label\n0.5,good\n", "the label 'good' in row 1"),
        ("score,label\n0.5,\n", "the label None in row 1"),
        ("score,label\nnan,1\n", "the score 'nan' in row 1; it must be a finite number"),
        ("score,label\n1e999,1\n", "the score '1e999' in row 1"),
        ("score,label\n,1\n", "the score None in row 1"),
        ("score,label\n0.1,1\nx,1\n", "the score 'x' in row 2"),
        ("score,label,probability\n0.5,1,0\n", "the probability '0' in row 1; it must be above 0"),
        ("score,label,probability\n0.5,1,1.1\n", "the probability '1.1' in row 1"),
        ("score,label,probability\n0.5,1,nan\n", "the probability 'nan' in row 1"),
        ("score,label\n", "has no rows"),
        ("", "no column 'score'"),
        ("score\n1\n", "no column 'label'"),
        ("score,label,weight\n1,1,1\n", "the unknown column 'weight'"),
        ("score,label,score\n1,1,0\n", "the column 'score' twice"),
        ("score,label\n1,1,1\n", "more or fewer cells than columns in row 1"),
        ("score,label\n1\n", "more or fewer cells than columns in row 1"),
        ('score,label\n"1,1\n', "is not CSV"),
        ("score,label\n0.5,1\n0.6,1\n0.5,1\n", "rows 1 and 3 that say the same"),
        ("score,label,image\n0.5,1,a\n0.6,0,a\n", "rows 1 and 2 that are both about the image 'a'"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_taken_is_named_with_its_row(written, text, said):
    with pytest.raises(BadInput) as caught:
        read_labels(written(text))
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]\n", "no JSON object in row 1"),
        ('{"score": 1, "label": 1}\nnope\n', "no JSON object in row 2"),
        ('{"score": 1, "label": true}\n', "the label True in row 1"),
        ('{"score": NaN, "label": 1}\n', "the score nan in row 1"),
        ('{"score": [1], "label": 1}\n', "the score [1] in row 1"),
        ('{"score": 1, "label": 1, "probability": null}\n', "the probability None in row 1"),
        ('{"score": 1}\n', "no column 'label'"),
    ],
)
def test_jsonl_is_held_to_the_same(written, text, said):
    with pytest.raises(BadInput) as caught:
        read_labels(written(text, "labels.jsonl"))
    assert said in caught.value.message


def test_only_a_line_feed_ends_a_row(written):
    assert len(read_labels(written("score,label,image\n0.5,1,a\u2028b\n0.5,1,a\x0cb\n"))) == 2


def test_equal_scores_of_pictures_with_names_are_two_labels(written):
    assert len(read_labels(written("score,label,image\n0.5,1,a\n0.5,1,b\n"))) == 2


def test_another_suffix_is_refused(written):
    with pytest.raises(BadInput, match=r"the suffix '\.txt'; allowed are \.csv"):
        read_labels(written("", "labels.txt"))


def test_a_key_that_is_twice_on_a_line_is_refused_with_its_row(written):
    lines = '{"score": 1, "label": 1}\n{"score": 2, "label": 0, "label": 1}\n'
    with pytest.raises(BadInput, match="in row 2: the key 'label' is written twice"):
        read_labels(written(lines, "labels.jsonl"))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInput, match="cannot be read: no such file"):
        read_labels(tmp_path / "labels.csv")


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.booleans(),
            st.floats(0, 1, exclude_min=True, allow_subnormal=False),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_was_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("labels") / "labels.jsonl"
    named = [
        {"score": score, "label": int(is_good), "probability": chance, "image": str(k)}
        for k, (score, is_good, chance) in enumerate(rows)
    ]
    path.write_text("\n".join(json.dumps(one) for one in named))
    assert read_labels(path) == [LabelRow(*one) for one in rows]


@given(st.text(max_size=60), st.sampled_from(["labels.csv", "labels.jsonl"]))
def test_any_text_is_read_or_refused_in_a_sentence(tmp_path_factory, text, name):
    path = tmp_path_factory.mktemp("labels") / name
    path.write_text(text, encoding="utf-8")
    try:
        rows = read_labels(path)
    except BadInput as error:
        assert error.message.endswith(".")  # noqa: PT017
    else:
        assert all(math.isfinite(one.score) for one in rows)
