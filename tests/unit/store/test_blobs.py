from concurrent.futures import Future

import pytest

from limner.core.errors import StorageUnavailable
from limner.store.blobs import BlobFolder


@pytest.fixture
def blobs(tmp_path):
    return BlobFolder(tmp_path)


def test_a_blob_reads_back(blobs):
    assert blobs.read(blobs.add(b"content", "png"), "png") == b"content"


def test_a_blob_is_unsettled_until_its_transaction_is_committed(blobs):
    blob_sha256 = blobs.add(b"content", "png")
    assert list(blobs.unsettled()) == [(blob_sha256, "png")]


def test_a_settled_blob_is_no_longer_unsettled(blobs):
    blobs.settle(blobs.add(b"content", "png"), "png")
    assert list(blobs.unsettled()) == []


def test_a_discarded_blob_is_gone(blobs):
    blob_sha256 = blobs.add(b"content", "png")
    blobs.discard(blob_sha256, "png")
    assert not blobs.path_of(blob_sha256, "png").exists()


def test_read_refuses_a_blob_whose_bytes_have_changed(blobs):
    blob_sha256 = blobs.add(b"content", "png")
    blobs.path_of(blob_sha256, "png").write_bytes(b"forged")
    with pytest.raises(StorageUnavailable, match="has changed"):
        blobs.read(blob_sha256, "png")


def test_read_refuses_a_blob_that_is_missing(blobs):
    with pytest.raises(StorageUnavailable, match="cannot be read"):
        blobs.read("sha256:" + "0" * 64, "png")


def test_a_blob_that_is_written_beside_its_rows_is_there_when_they_are(blobs):
    with blobs.adding(b"content", "png"):
        pass
    (stored,) = blobs.unsettled()
    assert blobs.read(*stored) == b"content"


def test_a_blob_that_cannot_be_written_beside_its_rows_undoes_them(blobs):
    blob_sha256 = blobs.add(b"content", "png")
    path = blobs.path_of(blob_sha256, "png")
    path.unlink()
    path.parent.rmdir()
    path.parent.write_bytes(b"a file where a folder belongs")
    with pytest.raises(StorageUnavailable), blobs.adding(b"content", "png"):
        pass


def test_a_blob_written_ahead_is_there_when_the_block_ends(blobs):
    ahead = blobs.add_ahead(b"content", "png")
    with blobs.adding(b"content", "png", ahead):
        pass
    assert blobs.read(ahead.result(), "png") == b"content"


def test_a_blob_written_ahead_and_cleared_away_since_is_written_again(blobs):
    ahead = blobs.add_ahead(b"content", "png")
    blobs.discard(ahead.result(), "png")  # another process took it for what a killed one left
    with blobs.adding(b"content", "png", ahead):
        pass
    assert blobs.read(ahead.result(), "png") == b"content"
    assert list(blobs.unsettled()) == [(ahead.result(), "png")]


def test_a_blob_whose_writing_ahead_was_disturbed_is_written_again(blobs):
    ahead = Future()
    ahead.set_exception(StorageUnavailable("cleared away while it was written"))
    with blobs.adding(b"content", "png", ahead):
        pass
    (stored,) = blobs.unsettled()
    assert blobs.read(*stored) == b"content"
