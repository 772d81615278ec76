import pytest
from ledgers import ON_SQLITE, at

from limner.core.errors import LedgerBroken, StorageUnavailable
from limner.store.ledger.notes import parse_checkpoint
from limner.store.ledger.tiles import Tile, read_claimed_key, read_export, tiles_of
from limner.store.ledger.tree import inclusion_proof, is_included, tree_root


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "export"


def paths_in(folder):
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(1, 1_234_067, 256), "tile/1/x001/x234/067"),
        (Tile(None, 1000, 3), "tile/entries/x001/000.p/3"),
    ],
)
def test_tiles_lie_where_the_specification_says(tile, path):
    assert tile.path == path


def test_a_ledger_of_70_000_entries_has_the_tiles_of_the_specification():
    hashes = [one for one in tiles_of(70_000) if one.level is not None]
    partial = [(one.level, one.width) for one in hashes if one.width < 256]
    assert (len(hashes), partial) == (273 + 1 + 1 + 1 + 1, [(0, 112), (1, 17), (2, 1)])


def test_an_export_has_tiles_checkpoint_key_and_verifier(ledger, fill, folder):
    fill(300)
    ledger.export(folder)
    assert paths_in(folder) == {
        "checkpoint",
        "log.vkey",
        "verify.py",
        "tile/0/000",
        "tile/0/001.p/46",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/46",
    }


def test_an_export_ends_at_the_last_checkpoint(ledger, fill, folder):
    fill(3)
    fill(3, start=3, is_signed=False)
    checkpoint, _ = ledger.export(folder)
    assert (checkpoint.num_entries, ledger.count()) == (5, 8)


def test_proofs_can_be_made_from_an_export_alone(ledger, fill, folder):
    fill(600)
    ledger.export(folder)
    note, read = read_export(folder)
    checkpoint = parse_checkpoint(note.text)
    proof = inclusion_proof(read, 444, checkpoint.num_entries)
    leaf = ledger.entry_at(444).leaf_sha256
    assert tree_root(read, checkpoint.num_entries) == checkpoint.root
    assert is_included(leaf, 444, checkpoint.num_entries, proof, checkpoint.root)


def test_an_export_goes_on_in_the_same_folder(ledger, fill, folder):
    fill(300)
    ledger.export(folder)
    before = {one: (folder / one).stat().st_mtime_ns for one in paths_in(folder) if "000" in one}
    fill(300, start=300)
    ledger.export(folder)
    after = {one: (folder / one).stat().st_mtime_ns for one in before}
    assert before == after


def test_an_unchanged_ledger_exports_nothing_new_but_its_heads(ledger, fill, folder):
    fill(300)
    ledger.export(folder)
    assert ledger.export(folder)[1] == 3


def test_a_folder_of_another_ledger_is_left_as_it_is(ledger, fill, folder, tmp_path, open_copy):
    fill(3)
    ledger.export(folder)
    other = open_copy(tmp_path / "other")
    other.append("note", {}, recorded_at=at(0))
    other.ledger.sign(at(1))
    with pytest.raises(LedgerBroken, match="holds the ledger"):
        other.ledger.export(folder)


@ON_SQLITE
def test_an_old_backup_does_not_replace_a_newer_export(ledger, fill, folder, copy_home, open_copy):
    fill(3)
    backup = copy_home("backup")
    fill(3, start=3)
    ledger.export(folder)
    with pytest.raises(LedgerBroken, match="cut short or restored from an old backup"):
        open_copy(backup).ledger.export(folder)


@ON_SQLITE
def test_a_fork_does_not_replace_an_export(ledger, fill, folder, copy_home, open_copy):
    fill(3)
    fork = open_copy(copy_home("fork")).ledger
    fill(3, start=3)
    ledger.export(folder)
    for k in range(20):
        fork.append("note", {"branch": k}, recorded_at=at(k))
    fork.sign(at(30))
    with pytest.raises(LedgerBroken, match="one of the two was rewritten"):
        fork.export(folder)


def test_a_changed_tile_in_the_folder_is_told_and_kept(ledger, fill, folder):
    fill(300)
    ledger.export(folder)
    (folder / "tile/entries/000").write_bytes(b"forged")
    with pytest.raises(LedgerBroken, match="does not belong to this ledger"):
        ledger.export(folder)
    assert (folder / "tile/entries/000").read_bytes() == b"forged"


def test_a_ledger_without_a_checkpoint_has_nothing_to_export(ledger, folder):
    ledger.append("note", {}, recorded_at=at(0))
    with pytest.raises(LedgerBroken, match="no checkpoint yet"):
        ledger.export(folder)


def test_a_place_that_is_a_file_is_one_sentence(ledger, fill, folder):
    fill(1)
    folder.write_text("in the way")
    with pytest.raises(StorageUnavailable, match="Cannot write"):
        ledger.export(folder)


@pytest.mark.parametrize("content", [None, b"", b"not a note", b"\xff"])
def test_an_export_without_a_readable_checkpoint_is_told(folder, content):
    folder.mkdir()
    if content is not None:
        (folder / "checkpoint").write_bytes(content)
    with pytest.raises(LedgerBroken, match="no checkpoint to read"):
        read_export(folder)


def test_a_tile_cut_short_is_told(ledger, fill, folder):
    fill(300)
    ledger.export(folder)
    (folder / "tile/0/000").write_bytes(b"short")
    _, read = read_export(folder)
    with pytest.raises(LedgerBroken, match="has 5 bytes; expected are 8192"):
        read(0, 0, 256)


def test_the_key_in_an_export_is_the_ledgers(ledger, fill, folder):
    fill(1)
    ledger.export(folder)
    assert read_claimed_key(folder) == ledger.key()


def test_an_export_without_a_key_is_told(folder):
    with pytest.raises(LedgerBroken, match="no key to read"):
        read_claimed_key(folder)
