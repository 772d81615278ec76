import multiprocessing

import pytest

from limner.core.errors import KeyRefused, StorageUnavailable
from limner.provenance.mark import MarkKeys


@pytest.fixture
def keys(tmp_path):
    return MarkKeys(tmp_path / "keys" / "mark")


def test_a_key_is_made_when_it_is_first_needed(keys):
    assert keys.read() == ()
    assert not keys.folder.exists()
    assert (keys.open(),) == keys.read()


def test_a_key_is_made_once(keys):
    assert keys.open() == keys.open()


def test_a_key_file_is_for_its_owner_only(keys):
    keys.open()
    (path,) = keys.folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rotation_puts_a_new_key_first_and_keeps_the_old_one(keys):
    old = keys.open()
    new = keys.rotate()
    assert (keys.read(), keys.open()) == ((new, old), new)


def test_a_key_that_others_can_use_is_refused(keys):
    keys.open()
    (keys.folder / "0001.key").chmod(0o640)
    with pytest.raises(KeyRefused, match="has mode 0640"):
        keys.open()


def test_an_old_key_that_is_missing_is_told(keys):
    keys.open()
    keys.rotate()
    (keys.folder / "0001.key").unlink()
    with pytest.raises(KeyRefused, match="An old mark key is missing"):
        keys.read()


def test_the_only_key_is_not_made_anew_when_it_is_missing(keys):
    keys.open()
    (keys.folder / "0001.key").unlink()
    for use in (keys.open, keys.read):
        with pytest.raises(KeyRefused, match="The mark key is missing") as caught:
            use()
        assert "limner keys rotate" in caught.value.hint


def test_after_a_lost_key_a_rotation_begins_anew(keys):
    lost = keys.open()
    (keys.folder / "0001.key").unlink()
    assert keys.rotate() != lost
    assert (keys.open(),) == keys.read()


@pytest.mark.parametrize("content", [b"", b"zz\n", b"00ff\n", bytes(range(128, 160))])
def test_a_broken_key_is_refused(keys, content):
    keys.open()
    (keys.folder / "0001.key").write_bytes(content)
    with pytest.raises(KeyRefused, match="mark key"):
        keys.open()


def test_a_folder_that_cannot_be_written_is_one_sentence(keys):
    keys.folder.parent.mkdir(parents=True)
    keys.folder.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageUnavailable, match="Cannot write the mark keys"):
        keys.open()


def open_in(folder):
    return MarkKeys(folder).open()


def test_processes_that_start_together_agree_on_the_key(keys):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(open_in, [keys.folder] * 8)
    assert set(found) == {keys.open()}
