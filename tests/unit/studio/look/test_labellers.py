"""Whether labellers agree, from a file of who labelled what."""

import pytest

from limner.core.errors import BadInput
from limner.studio.look.labellers import labellers_agreement


@pytest.fixture
def written(tmp_path):
    def write(*lines, head="picture,labeller,label"):
        path = tmp_path / "labels.csv"
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        return path

    return write


def rows(labels_of):
    return [
        f"{number}.png,{labeller},{label}"
        for labeller, labels in labels_of.items()
        for number, label in enumerate(labels.split())
    ]


def test_labellers_who_agree_and_one_who_does_not_are_told_apart(written):
    told = labellers_agreement(
        written(
            *rows(
                {
                    "ann": "cat dog cat dog cat dog cat dog",
                    "ben": "cat dog cat dog cat dog cat dog",
                    "eve": "dog cat dog cat cat dog cat dog",
                }
            )
        )
    )
    worst, *_, best = told.pairs
    assert "eve" in (worst.first, worst.second)
    assert worst.kappa == pytest.approx(0)
    assert (best.first, best.second, best.kappa, best.num) == ("ann", "ben", 1, 8)
    assert [one.picture for one in told.disputed] == ["0.png", "1.png", "2.png", "3.png"]
    assert told.disputed[0].labels == {"cat": 2, "dog": 1}
    assert told.alpha.low < told.alpha.value < 1
    assert told.num_compared == 8


def test_pictures_with_one_label_say_nothing(written):
    told = labellers_agreement(written("1.png,ann,cat", "2.png,ben,cat"))
    assert (told.num_labels, told.num_compared, told.alpha.value) == (2, 0, None)
    assert told.to_document()["alpha"]["value"] is None


@pytest.mark.parametrize(
    ("lines", "head", "sentence"),
    [
        (["1.png,cat"], "picture,label", "no column 'labeller'"),
        ([], "picture,labeller,label", "holds no label"),
        (["1.png,ann,"], "picture,labeller,label", "Line 2 .* leaves a column empty"),
        (["1.png,ann,cat", "1.png,ann,dog"], "picture,labeller,label", "Line 3 .* again"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(written, lines, head, sentence):
    with pytest.raises(BadInput, match=sentence):
        labellers_agreement(written(*lines, head=head))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read as CSV"):
        labellers_agreement(path)
