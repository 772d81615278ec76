from pathlib import Path

import numpy as np
import pytest

from limner.checks.near_copy.files import HEAD_BYTES, ROW_BYTES, GalleryFileUnwritable, KeptGallery
from limner.checks.near_copy.fingerprint import Fingerprint
from limner.checks.near_copy.gallery import Entry


def drawn(num: int, first: int = 1) -> list[Entry]:
    rng = np.random.default_rng(0)
    prints = [Fingerprint(rng.bytes(32), rng.bytes(32)) for _ in range(first + num)]
    return [Entry(key, prints[key]) for key in range(first, first + num)]


class Store:
    """Entries as a store would give them; remembers what it was asked for."""

    def __init__(self, entries):
        self.entries, self.asked = list(entries), []

    def read(self, after_key):
        self.asked.append(after_key)
        return [one for one in self.entries if one.key > after_key]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prints" / "recent.bin"


def test_a_missing_file_is_made_from_the_store(path):
    store = Store(drawn(20))
    kept = KeptGallery(path, "v1", store.read)
    assert (len(kept.gallery), path.stat().st_size) == (20, HEAD_BYTES + 20 * ROW_BYTES)


def test_the_next_start_asks_the_store_only_for_what_is_new(path):
    KeptGallery(path, "v1", Store(drawn(20)).read)
    store = Store(drawn(25))
    kept = KeptGallery(path, "v1", store.read)
    assert (store.asked, len(kept.gallery)) == ([20], 25)


def test_what_was_added_is_known_after_a_restart(path):
    kept = KeptGallery(path, "v1", Store([]).read)
    entry = drawn(1, first=7)[0]
    kept.add(entry)
    again = KeptGallery(path, "v1", Store([]).read)
    assert again.gallery.nearest(entry.fingerprint).key == 7


@pytest.mark.parametrize("place", [3, 30, HEAD_BYTES + 5, -1])
def test_a_damaged_file_is_made_anew_from_the_store(path, place):
    KeptGallery(path, "v1", Store(drawn(20)).read)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    store = Store(drawn(20))
    kept = KeptGallery(path, "v1", store.read)
    assert (store.asked, len(kept.gallery)) == ([-1], 20)


def test_a_file_cut_short_is_made_anew(path):
    KeptGallery(path, "v1", Store(drawn(20)).read)
    path.write_bytes(path.read_bytes()[:-9])
    store = Store(drawn(20))
    assert (len(KeptGallery(path, "v1", store.read).gallery), store.asked) == (20, [-1])


def test_a_file_of_another_referee_is_made_anew(path):
    KeptGallery(path, "v1", Store(drawn(20)).read)
    store = Store(drawn(3))
    assert (len(KeptGallery(path, "v2", store.read).gallery), store.asked) == (3, [-1])


def test_rows_of_zeros_are_not_taken_for_whole_ones(path):
    KeptGallery(path, "v1", Store([]).read)
    path.write_bytes(path.read_bytes() + bytes(3 * ROW_BYTES))
    store = Store([])
    assert (len(KeptGallery(path, "v1", store.read).gallery), store.asked) == (0, [-1])


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GalleryFileUnwritable, match="file/recent"):
        KeptGallery(tmp_path / "file" / "recent", "v1", Store([]).read)
