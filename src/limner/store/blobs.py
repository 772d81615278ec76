"""Bytes by content hash in a folder, each file whole or absent, none ever changed.

A blob is written inside a database transaction. An intent file is left before the blob gets its
name and removed after the commit, so that what a killed process left can be told from what is
stored, without reading the whole folder. This module does not know the database.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from limner.core.errors import StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.store.files import PART_PREFIX, cannot_write, make_folder, write_new

INTENT_SUFFIX = ".intent"
NUM_WRITERS = 4  # flushing is waiting
SIDECAR_SUFFIX = "c2pa"  # of a credential beside its file


class BlobFolder:
    """The folder of blobs.

    Args:
        path: made if it is not there.

    Raises:
        StorageUnavailable: the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writers = ThreadPoolExecutor(NUM_WRITERS, thread_name_prefix="blob")
        self._intents = path / "intents"
        make_folder(self._intents)

    def path_of(self, blob_sha256: str, suffix: str) -> Path:
        """Where the blob with this tagged hash lies, if it is stored."""
        digits = blob_sha256.removeprefix("sha256:")
        return self._path / digits[:2] / f"{digits}.{suffix}"

    def add(self, content: bytes, suffix: str) -> str:
        """Store `content` under its hash and leave an intent; a blob that is there is kept.

        Returns:
            The tagged hash.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        blob_sha256 = sha256_of_bytes(content)
        path = self.path_of(blob_sha256, suffix)
        try:
            # Not flushed: should the power fail, the worst is a blob that nobody refers to.
            self._intent_of(path).touch()
            if path.exists():
                return blob_sha256
            path.parent.mkdir(exist_ok=True)
            write_new(path, content)
        except OSError as error:
            raise cannot_write(path, error) from error
        return blob_sha256

    def add_ahead(self, content: bytes, suffix: str) -> Future[str]:
        """`add` in a thread, before the transaction that needs the blob is begun.

        Until `adding` has seen to it, it may be taken for what a killed process left, and go.
        """
        return self._writers.submit(self.add, content, suffix)

    @contextmanager
    def adding(
        self, content: bytes, suffix: str, ahead: Future[str] | None = None
    ) -> Generator[None]:
        """`add` in a thread while the block writes rows; done when the block ends.

        Args:
            content: of the blob.
            suffix: of its name.
            ahead: what `add_ahead` gave for the same blob.

        Raises:
            StorageUnavailable: it cannot be written; raised after the block.
        """
        added = ahead or self._writers.submit(self.add, content, suffix)
        try:
            yield
        finally:
            wait([added])  # it is not written any more when the transaction is rolled back
        if ahead is None:
            added.result()
        else:
            self.add(content, suffix)  # in a transaction nobody clears it away; it is mostly there

    def unsettle(self, blob_sha256: str, suffix: str) -> None:
        """Leave an intent: the transaction that is open no longer needs this blob.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        write_new(self._intent_of(self.path_of(blob_sha256, suffix)), b"", overwrite=True)

    def settle(self, blob_sha256: str, suffix: str) -> None:
        """Remove the intent: the transaction that needs this blob is committed."""
        self._intent_of(self.path_of(blob_sha256, suffix)).unlink(missing_ok=True)

    def unsettled(self) -> Iterator[tuple[str, str]]:
        """Tagged hash and suffix of every blob whose transaction may not have been committed."""
        for intent in sorted(self._intents.glob(f"*{INTENT_SUFFIX}")):
            digits, suffix = intent.name.removesuffix(INTENT_SUFFIX).split(".")
            yield f"sha256:{digits}", suffix

    def settled(self) -> set[tuple[str, str]]:
        """Tagged hash and suffix of every blob whose transaction was committed before this call."""
        paths = self._path.glob("??/[!.]*.*")
        stored = {(f"sha256:{path.stem}", path.suffix.removeprefix(".")) for path in paths}
        return stored - set(self.unsettled())  # in this order: intents go after the commit

    def discard(self, blob_sha256: str, suffix: str) -> None:
        """Remove what a transaction that was never committed left, and its intent."""
        path = self.path_of(blob_sha256, suffix)
        path.unlink(missing_ok=True)
        for part in path.parent.glob(f"{PART_PREFIX}*"):
            part.unlink(missing_ok=True)
        self.settle(blob_sha256, suffix)

    def read(self, blob_sha256: str, suffix: str) -> bytes:
        """The bytes of a stored blob, checked against their hash.

        Raises:
            StorageUnavailable: the file is missing, unreadable, or its bytes have changed.
        """
        path = self.path_of(blob_sha256, suffix)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageUnavailable(f"The stored file {str(path)!r} cannot be read.") from error
        if sha256_of_bytes(content) != blob_sha256:
            raise StorageUnavailable(
                f"The stored file {str(path)!r} has changed: its hash is not {blob_sha256!r}."
            )
        return content

    def _intent_of(self, path: Path) -> Path:
        return self._intents / f"{path.name}{INTENT_SUFFIX}"
