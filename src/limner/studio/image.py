"""A drawn and stored image as a caller holds it."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image as PillowImage

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, ImageHeld, ImageRefused
from limner.core.recipe import ImageRecord, Recipe
from limner.store.files import make_folder, write_new
from limner.store.judgements import StoredDecision, StoredSeal
from limner.studio.image_file import SUFFIXES
from limner.studio.saving import name_of


class Image:
    """An image made here: its record, the decision about it, and its file if it may leave.

    Attributes:
        record: as it is stored.
        decided: the decision that holds.
        seal: of the file that leaves; ``None`` unless the image is released.
    """

    def __init__(
        self,
        record: ImageRecord,
        decided: StoredDecision,
        seal: StoredSeal | None,
        sealed: bytes | None,
    ) -> None:
        self.record = record
        self.decided = decided
        self.seal = seal
        self._sealed = sealed

    @property
    def outcome(self) -> Outcome:
        """Whether it is released, held or refused."""
        return self.decided.decision.outcome

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about an image that is released all the same."""
        return self.decided.decision.warnings

    @property
    def content(self) -> bytes:
        """The bytes of the sealed file: recipe, metadata and credential inside.

        Raises:
            ImageHeld: it waits for a person.
            ImageRefused: it does not leave.
        """
        if self._sealed is None:
            raise self.kept_back
        return self._sealed

    @property
    def kept_back(self) -> ImageHeld | ImageRefused:
        """Why an image that is not released does not leave, as an error to raise or to tell."""
        reasons = self.decided.decision.reasons
        why = reasons[0].note if reasons else ""
        if self.decided.entry is None:
            decided_at = f"{self.decided.decided_at:%Y-%m-%d %H:%M} UTC"
            why += f" That was decided on {decided_at}, and holds."
        if self.outcome is Outcome.REFUSED:
            return ImageRefused(f"The image with seed {self.seed} was refused: {why}")
        return ImageHeld(
            f"The image with seed {self.seed} is held until a person has looked at it: {why}",
            hint="Run `limner review next` to look at it.",
        )

    @property
    def image_id(self) -> str:
        """Tagged hash of the stored file's bytes, before it was sealed."""
        return self.record.image_id

    @property
    def recipe(self) -> Recipe:
        """What really ran."""
        return self.record.recipe

    @property
    def seed(self) -> int:
        """The seed this picture was drawn from."""
        return self.record.recipe.seed

    @property
    def image(self) -> PillowImage.Image:
        """The pixels, as a Pillow picture in mode RGBA; errors as `content`."""
        with PillowImage.open(io.BytesIO(self.content)) as picture:
            return picture.convert("RGBA")

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the file, whole or not at all.

        Args:
            path: file name with the suffix of the image's format, or without one; or a folder
                that is there or whose name ends in a slash: the file is named by prompt and seed.
            overwrite: replace a file that is there.

        Returns:
            The path that was written.

        Raises:
            BadInput: the suffix belongs to another format, or the file is there.
            StorageUnavailable: it cannot be written.
            ImageHeld, ImageRefused: it may not leave.
        """
        is_folder = str(path).endswith(("/", os.sep)) or Path(path).is_dir()
        path = Path(path)
        if is_folder:
            make_folder(path)
            path = path / name_of(self.recipe.prompt, self.seed)
        if not path.suffix:
            path = path.with_suffix(f".{self.record.file_format}")
        if SUFFIXES.get(path.suffix.lower()) != self.record.file_format:
            raise BadInput(
                f"The file name {str(path)!r} does not fit this image's format; "
                f"allowed is .{self.record.file_format}.",
                code="suffix_differs",
            )
        try:
            write_new(path, self.content, overwrite=overwrite)
        except FileExistsError as error:
            raise BadInput(
                f"The file {str(path)!r} is there already and is not overwritten.",
                code="file_exists",
                hint="Choose another name, or pass overwrite=True.",
            ) from error
        return path

    def __repr__(self) -> str:
        return f"<Image {self.record.size} seed={self.seed} {self.image_id[:19]}>"
