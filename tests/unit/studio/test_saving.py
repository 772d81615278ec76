from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput, StorageUnavailable
from limner.studio.saving import Destination, choose_destination, name_of


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("out", "is_single", "path"),
    [
        (None, True, "name.png"),
        ("fox.png", True, "fox.png"),
        ("fox", True, "fox.png"),
        ("new/", True, "new/name.png"),
        ("new/fox.webp", True, "new/fox.webp"),
        ("new", False, "new/name.png"),
    ],
)
def test_out_names_a_file_for_one_and_a_folder_for_several(out, is_single, path):
    destination = choose_destination(out, None, is_single=is_single)
    assert destination.save(b"content", "name") == Path(path)


def test_one_picture_goes_into_a_folder_that_is_there():
    Path("there").mkdir()
    destination = choose_destination("there", "webp", is_single=True)
    assert destination.save(b"content", "name") == Path("there/name.webp")


@pytest.mark.parametrize(
    ("out", "file_format", "is_single", "sentence"),
    [
        ("fox.png", None, False, "is a file name, but several pictures are asked for"),
        ("fox.gif", None, True, "has the suffix '.gif'; allowed are .png, .webp, .jpg, .jpeg."),
        ("fox.png", "webp", True, "is a png file, but the format asked is 'webp'."),
        (None, "bmp", True, "Unknown format 'bmp'; allowed are png, webp, jpeg."),
    ],
)
def test_a_bad_output_is_refused_by_name(out, file_format, is_single, sentence):
    with pytest.raises(BadInput) as refused:
        choose_destination(out, file_format, is_single=is_single)
    assert sentence in refused.value.message


def test_a_folder_that_cannot_be_made_is_refused():
    Path("file").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="Cannot write"):
        choose_destination("file/deep/fox.png", None, is_single=True)


def test_a_name_that_is_taken_gets_a_number():
    destination = Destination(folder=Path(), stem="fox", file_format="png")
    destination.save(b"one", "")
    assert destination.save(b"two", "") == Path("fox-2.png")


def test_the_same_bytes_are_not_written_twice():
    destination = Destination(folder=Path(), stem="fox", file_format="png")
    destination.save(b"one", "")
    assert destination.save(b"one", "") == Path("fox.png")


def test_overwriting_replaces_a_file():
    destination = Destination(folder=Path(), stem="fox", file_format="png", overwrite=True)
    destination.save(b"one", "")
    assert destination.save(b"two", "").read_bytes() == b"two"


@given(st.text())
def test_a_name_never_leaves_its_folder(prompt):
    assert Path(name_of(prompt, 1)).name == name_of(prompt, 1)


def test_a_name_is_prompt_and_seed():
    assert name_of("A red fox, in the snow!", 7) == "a-red-fox-in-the-snow-7"


def test_a_prompt_without_letters_still_has_a_name():
    assert name_of("!!!", 7) == "picture-7"
