import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.studio.look import sources
from limner.studio.look.reading import content_of
from limner.studio.look.sources import count_items, find_items, printable, require_there


def found(*paths):
    return {Path(one.name).name: one for one in find_items(paths)}


def codes(*paths):
    return {Path(one.name).name: one.fault.code for one in find_items(paths) if one.fault}


def zip_with(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tar_of(members, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_folders_are_entered_in_the_order_of_names(tmp_path):
    for name in ("b/2.png", "a/1.png", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(found(tmp_path)) == ["1.png", "2.png", "c.png"]


def test_hidden_files_are_left_alone(tmp_path):
    (tmp_path / ".secret.png").touch()
    assert found(tmp_path) == {}


def test_a_link_that_leads_back_is_told_and_not_followed(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    assert codes(tmp_path) == {"loop": "loop"}


def test_a_link_to_nothing_is_told(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    assert codes(tmp_path) == {"gone.png": "unreadable"}


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert codes(tmp_path) == {"pipe.png": "not_a_file"}


def test_a_name_that_is_no_utf8_can_be_told(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(path)).touch()
    (item,) = find_items([tmp_path])
    assert item.name.endswith("caf\\xe9.png")
    assert Path(item.path).exists()


@given(st.binary(max_size=40))
def test_every_name_can_be_written_as_utf8_on_one_line(name):
    told = printable(os.fsdecode(name))
    assert told.encode().isascii() or told.isprintable()
    assert "\n" not in told


def test_a_path_that_is_not_there_is_refused_at_once(tmp_path):
    with pytest.raises(BadInput, match="nothing at"):
        require_there([tmp_path / "no"])


def test_members_of_a_zip_are_given_with_their_bytes(tmp_path):
    path = zip_with(tmp_path / "a.zip", **{"in/1.png": b"one", "2.png": b"two"})
    assert [one.content for one in find_items([path])] == [b"one", b"two"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_members_of_a_tar_are_given_with_their_bytes(tmp_path, mode):
    suffix = {"w": "tar", "w:gz": "tar.gz", "w:bz2": "tar.bz2", "w:xz": "tar.xz"}[mode]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(tar_of({"1.png": b"one", "2.png": b"two"}, mode))
    assert [one.content for one in find_items([path])] == [b"one", b"two"]


def test_a_member_that_unpacks_to_too_much_is_told_and_the_next_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 1000)
    path = zip_with(tmp_path / "a.zip", **{"big.png": bytes(2000), "small.png": b"small"})
    assert codes(path) == {"big.png": "file_too_large"}
    assert found(path)["small.png"].content == b"small"


def test_an_archive_that_unpacks_to_too_much_in_all_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LEAST_ARCHIVE_BYTES", 1500)
    monkeypatch.setattr(sources, "MOST_TIMES_LARGER", 1)
    path = zip_with(tmp_path / "a.zip", **{f"{one}.png": bytes(1000) for one in range(3)})
    assert codes(path) == {"a.zip": "archive_bomb"}


def test_a_compressed_tar_cannot_make_us_skip_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LEAST_ARCHIVE_BYTES", 100_000)
    monkeypatch.setattr(sources, "MOST_TIMES_LARGER", 1)
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(tar_of({".hidden": bytes(10**6), "1.png": b"one"})))
    assert codes(path) == {"a.tgz": "archive_bomb"}


def test_an_archive_in_an_archive_is_not_opened(tmp_path):
    path = zip_with(tmp_path / "a.zip", **{"b.zip": b"PK"})
    assert codes(path) == {"b.zip": "nested_archive"}


@pytest.mark.parametrize("name", ["a.mkv", "clips/b.AVI", "c.mp4"])
def test_a_film_in_an_archive_is_told_and_not_taken_for_no_picture(tmp_path, name):
    zip_with(tmp_path / "a.zip", **{name: b"a film"})
    assert list(codes(tmp_path / "a.zip").values()) == ["film_in_archive"]


def test_a_member_whose_path_leads_up_is_looked_at_and_not_hidden(tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_of({"../pics/a.png": b"a", "../.b.png": b"b"}))
    assert [one.content for one in found(tmp_path / "a.tar").values()] == [b"a"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_an_archive_that_is_none_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x1f\x8bno archive")
    assert codes(tmp_path) == {name: "archive_broken"}


def test_what_was_read_before_a_cut_stays_good(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of({"1.png": b"one", "2.png": bytes(5000)})[:2000])
    assert found(path)["1.png"].content == b"one"
    assert codes(path) == {"a.tar": "archive_broken"}


def test_counting_knows_the_members_of_a_zip(tmp_path):
    zip_with(tmp_path / "a.zip", **{"1.png": b"", "2.png": b""})
    (tmp_path / "3.png").touch()
    assert count_items([tmp_path]) == 3


def test_what_changes_in_a_folder_while_it_is_read_is_told_and_ends_nothing(tmp_path):
    for name in ("a.png", "b.png", "c.png", "d/e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    zip_with(tmp_path / "f.zip", **{"1.png": b"y", "2.png": Random(0).randbytes(200_000)})
    told = find_items([tmp_path])
    first = next(told)
    for name in ("a.png", "b.png", "d/e.png"):
        (tmp_path / name).unlink()
    (tmp_path / "d").rmdir()
    (tmp_path / "new.png").write_bytes(b"x")
    assert content_of(first).code == "unreadable"
    seen = {}
    for item in told:
        seen[Path(item.name).name] = item.fault and item.fault.code
        if item.name.endswith("1.png"):
            (tmp_path / "f.zip").write_bytes(b"PK\3\4")
        assert item.fault is None or not item.fault.sentence.endswith(": .")
    assert seen == {
        "b.png": "unreadable",
        "c.png": None,
        "d": "unreadable",
        "1.png": None,
        "f.zip": "archive_broken",
    }
