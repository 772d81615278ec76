import os
import resource
import stat
from contextlib import contextmanager

import pytest

from limner.core.errors import StorageUnavailable
from limner.store.files import make_folder, write_new


@contextmanager
def largest_file(num_bytes):
    """No file of this process may grow beyond this, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_write_new_writes_the_content(tmp_path):
    write_new(tmp_path / "a.png", b"content")
    assert (tmp_path / "a.png").read_bytes() == b"content"


def test_write_new_leaves_nothing_else_behind(tmp_path):
    write_new(tmp_path / "a.png", b"content")
    assert os.listdir(tmp_path) == ["a.png"]


def test_write_new_never_overwrites(tmp_path):
    (tmp_path / "a.png").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a.png", b"second")
    assert (tmp_path / "a.png").read_bytes() == b"first"


def test_write_new_overwrites_when_told(tmp_path):
    (tmp_path / "a.png").write_bytes(b"first")
    write_new(tmp_path / "a.png", b"second", overwrite=True)
    assert (tmp_path / "a.png").read_bytes() == b"second"


def test_write_new_obeys_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_new(tmp_path / "a.png", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640


def test_write_new_says_that_the_disk_is_full(tmp_path):
    with largest_file(1000), pytest.raises(StorageUnavailable, match="the disk is full"):
        write_new(tmp_path / "a.png", b"x" * 5000)


def test_write_new_leaves_nothing_on_a_full_disk(tmp_path):
    with largest_file(1000), pytest.raises(StorageUnavailable):
        write_new(tmp_path / "a.png", b"x" * 5000)
    assert os.listdir(tmp_path) == []


def test_write_new_names_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StorageUnavailable, match="gone"):
        write_new(tmp_path / "gone" / "a.png", b"content")


def test_make_folder_refuses_a_place_that_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="Cannot write"):
        make_folder(tmp_path / "file")


def test_a_private_file_is_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        write_new(tmp_path / "a.key", b"secret", is_private=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_no_file_of_another_thread_gets_another_mode_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("it is one for all threads"))
    write_new(tmp_path / "a.png", b"content")
    assert (tmp_path / "a.png").read_bytes() == b"content"
