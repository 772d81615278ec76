"""Keeping what takes long to make: whole, or as if it were not there."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core import file_cache
from limner.core.file_cache import FileCache

FACTS = {"engine": "1", "files": {"a": "sha256:00"}}


@given(kept=st.binary(max_size=99))
def test_what_was_kept_is_read_back(tmp_path_factory, kept):
    cache = FileCache(tmp_path_factory.mktemp("kept") / "made")
    cache.keep(FACTS, kept)
    assert cache.read(FACTS).tobytes() == kept
    assert cache.read({**FACTS, "engine": "2"}) is None


@given(data=st.data())
def test_a_file_that_was_changed_or_cut_off_is_as_if_it_were_not_there(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("kept")
    cache = FileCache(folder)
    cache.keep(FACTS, b"a compiled network")
    (path,) = folder.iterdir()
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytes([content[at] ^ data.draw(st.integers(1, 255))])
    path.write_bytes(
        data.draw(st.sampled_from([content[:at], content[:at] + changed + content[at + 1 :]]))
    )
    assert cache.read(FACTS) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "taken").write_text("a file")
    cache = FileCache(tmp_path / "taken")
    cache.keep(FACTS, b"bytes")
    assert cache.read(FACTS) is None
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_longest_unread_are_removed_first(tmp_path, monkeypatch):
    monkeypatch.setattr(file_cache, "_MOST_FILES", 2)
    cache = FileCache(tmp_path)
    cache.keep({"name": "first"}, b"1")
    cache.keep({"name": "second"}, b"2")
    for path in tmp_path.iterdir():  # clocks of file systems are coarse
        os.utime(path, (1, 1))
    assert cache.read({"name": "first"}).tobytes() == b"1"
    cache.keep({"name": "third"}, b"3")
    read = [cache.read({"name": name}) for name in ("first", "second", "third")]
    assert [one is not None and one.tobytes() for one in read] == [b"1", False, b"3"]


def test_who_changes_what_was_read_changes_nothing_that_is_kept(tmp_path):
    cache = FileCache(tmp_path)
    cache.keep(FACTS, b"a compiled network")
    cache.read(FACTS)[:] = 0
    assert cache.read(FACTS).tobytes() == b"a compiled network"


@pytest.mark.parametrize("kept", [b"", b"x" * 1_000_000])
def test_nothing_but_whole_files_is_ever_in_the_folder(tmp_path, kept):
    FileCache(tmp_path).keep(FACTS, kept)
    assert [path.name.startswith(".part-") for path in tmp_path.iterdir()] == [False]


def test_what_another_version_of_the_package_made_is_not_read(tmp_path, monkeypatch):
    cache = FileCache(tmp_path)
    cache.keep(FACTS, b"made by this version")
    monkeypatch.setattr(file_cache, "version", lambda _name: "another")
    assert cache.read(FACTS) is None
