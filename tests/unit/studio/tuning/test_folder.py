"""What a folder must be to be taught from; each fault is one sentence with the files."""

import weakref
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image as PillowImage
from registries import BEGUN
from taught_folders import allow, write_picture

from limner.core.errors import FolderRefused
from limner.core.rights import RightsKind
from limner.studio import rights
from limner.studio.tuning import folder
from limner.studio.tuning.folder import caption_of_name, read_folder


def read(parts, folder):
    return read_folder(parts, folder, 32)


def test_a_folder_with_rights_is_read_in_the_order_of_its_names(parts, pictures):
    entry_id = allow(parts, sorted(pictures.iterdir()))
    found = read(parts, pictures)
    assert [one.name for one in found] == sorted(one.name for one in pictures.iterdir())
    assert {one.entry_id for one in found} == {entry_id}
    assert {one.caption for one in found} == {"red thing"}
    assert {one.image_HWC.shape for one in found} == {(32, 32, 4)}


def test_one_picture_at_a_time_is_in_memory_as_it_was_given(parts, pictures, monkeypatch):
    for path in pictures.iterdir():  # larger than what the checks keep of the last few
        with PillowImage.open(path) as small:
            small.resize((320, 320), PillowImage.Resampling.NEAREST).save(path)
    allow(parts, sorted(pictures.iterdir()))
    real, given = folder.read_content, []

    def read_content(*arguments):
        assert not any(one() is not None for one in given)
        found = real(*arguments)
        given.append(weakref.ref(found.picture.image_HWC))
        return found

    monkeypatch.setattr(folder, "read_content", read_content)
    assert len(read_folder(parts, pictures, 16)) == len(given) == 20


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("red_apple-02.png", "red apple"),
        ("a house (3).jpg", "a house"),
        ("flat-tyre.webp", "flat tyre"),
        ("0042.png", ""),
        ("_.png", ""),
    ],
)
def test_a_name_is_a_caption_without_its_numbering(name, caption):
    assert caption_of_name(name) == caption


@pytest.mark.parametrize("num_left", [1, 19])
def test_too_few_pictures_are_refused_with_their_number(parts, pictures, num_left):
    for path in sorted(pictures.iterdir())[num_left:]:
        path.unlink()
    with pytest.raises(FolderRefused, match=f"has {num_left} pictures; allowed are 20 to 500"):
        read(parts, pictures)


def test_a_folder_that_is_none_is_refused(parts, tmp_path):
    with pytest.raises(FolderRefused, match="cannot be read: no such file"):
        read(parts, tmp_path / "nothing")


def test_the_same_picture_twice_is_refused_with_both_names(parts, pictures):
    first = sorted(pictures.iterdir())[0]
    (pictures / "copy.png").write_bytes(first.read_bytes())
    with pytest.raises(FolderRefused, match=f"'{first.name}' and 'copy.png' are the same"):
        read(parts, pictures)


def test_pictures_without_rights_are_refused_and_named(parts, pictures):
    paths = sorted(pictures.iterdir())
    allow(parts, paths[2:])
    with pytest.raises(FolderRefused, match=r"no entry in force for 'red_thing-00\.png', 'red_thi"):
        read(parts, pictures)


def test_a_right_that_has_ended_allows_nothing(parts, pictures):
    paths = sorted(pictures.iterdir())
    allow(parts, paths[1:])
    ended = allow(parts, paths[:1])
    rights.withdraw(parts, ended)
    with pytest.raises(FolderRefused, match=r"'red_thing-00\.png' must not be used: Entry 2"):
        read(parts, pictures)


def test_an_opt_out_of_one_picture_refuses_the_folder_whatever_else_allows_it(parts, pictures):
    paths = sorted(pictures.iterdir())
    allow(parts, paths)
    allow(parts, paths[4:5], kind=RightsKind.OPT_OUT, opted_out="style", title=None, licence=None)
    with pytest.raises(FolderRefused, match=r"'red_thing-04\.png' must not be used: Opted out"):
        read(parts, pictures)


def test_a_consent_counts_until_it_expires(registry, parts, pictures):
    paths = sorted(pictures.iterdir())
    expires = BEGUN + timedelta(days=1)
    allow(parts, paths, kind=RightsKind.CONSENT, name="Mia", purpose="house", expires_at=expires)
    assert len(read(parts, pictures)) == 20
    registry.now = datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(FolderRefused, match="has expired"):
        read(parts, pictures)


def test_a_file_of_captions_takes_the_place_of_names(parts, pictures):
    paths = sorted(pictures.iterdir())
    allow(parts, paths)
    rows = [f"{one.name},picture {number}" for number, one in enumerate(paths)]
    (pictures / "captions.csv").write_text("\n".join(["file,caption", *rows]))
    assert [one.caption for one in read(parts, pictures)] == [f"picture {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("file,caption\nred_thing-00.png,a", "There is no caption for 'red_thing-01.png'"),
        ("file,caption\nother.png,a", "names 'other.png', which the folder lacks"),
        ("name,text\nred_thing-00.png,a", "columns file and caption"),
        ("file,caption\nred_thing-00.png,a\nred_thing-00.png,b", "names a file twice"),
    ],
)
def test_a_file_of_captions_with_a_fault_is_refused(parts, pictures, content, match):
    (pictures / "captions.csv").write_text(content)
    with pytest.raises(FolderRefused, match=match):
        read(parts, pictures)


def test_a_file_whose_name_says_nothing_needs_a_caption(parts, pictures):
    write_picture(pictures / "0001.png", 99)
    with pytest.raises(FolderRefused, match=r"There is no caption for '0001\.png'"):
        read(parts, pictures)
