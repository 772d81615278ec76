"""The models of a data folder: a form each, and the generators opened by them.

A form is read anew when its file changes. Reading one imports pydantic, telling the names does not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from limner.core.errors import BadInput, ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.hashing import sha256_of_bytes
from limner.core.ports import Generator
from limner.core.records import Operation
from limner.store.files import make_folder, write_new

FOLDER = "models"  # of the data folder
SUFFIX = ".yaml"
MAX_FORM_BYTES = 4_000_000


class ModelShelf:
    """The models of one data folder. Methods may be called by any thread.

    Args:
        home: the data folder.
        open_engine: a generator by a form; loads nothing.
    """

    def __init__(self, home: Path, open_engine: Callable[[ModelForm], Generator]) -> None:
        self._folder = home / FOLDER
        self._open_engine = open_engine
        self._opened: dict[str, tuple[str, Generator]] = {}
        self._lock = Lock()

    def names(self) -> tuple[str, ...]:
        """The models there are, in alphabetical order."""
        return tuple(sorted(one.stem for one in self._folder.glob(f"*{SUFFIX}")))

    def enlarger_names(self) -> tuple[str, ...]:
        """Those that enlarge pictures and draw none; a form that cannot be used is left out."""
        return tuple(one for one in self.names() if self._enlarges(one))

    def form(self, name: str) -> ModelForm:
        """The form of a model.

        Raises:
            BadInput: there is none of this name, or its form cannot be used.
        """
        return _form_of_text(self._text(name), name)

    def open(self, name: str) -> Generator:
        """The generator of a model, the same as long as its form is; errors as `form`."""
        text = self._text(name)
        sha256 = sha256_of_bytes(text.encode())
        with self._lock:
            known = self._opened.get(name)
            if known is None or known[0] != sha256:
                known = (sha256, self._open_engine(_form_of_text(text, name)))
                self._opened[name] = known
            return known[1]

    def require_opens(self, form: ModelForm) -> None:
        """Refuse a form that its engine does not take; nothing is loaded.

        Raises:
            BadInput: an option is not allowed, or the form promises what cannot be honoured.
        """
        self._open_engine(form)

    def keep(self, form: ModelForm) -> Path:
        """Write a form down; one of this name is replaced.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        path = self._folder / f"{form.name}{SUFFIX}"
        from limner.studio.model_form import text_of_form

        make_folder(self._folder)
        write_new(path, text_of_form(form).encode(), overwrite=True)
        return path

    def remove(self, name: str) -> None:
        """Take a model off the shelf; its files stay where they are.

        Raises:
            BadInput: there is none of this name.
        """
        self._text(name)
        (self._folder / f"{name}{SUFFIX}").unlink()

    def _enlarges(self, name: str) -> bool:
        try:
            return Operation.ENLARGE in self.open(name).card.operations
        except BadInput:
            return False

    def _text(self, name: str) -> str:
        if name not in self.names():
            raise BadInput(
                f"Unknown model {name!r}; on the shelf are {', '.join(self.names()) or 'none'}.",
                code="model_unknown",
            )
        path = self._folder / f"{name}{SUFFIX}"
        try:
            if path.stat().st_size > MAX_FORM_BYTES:
                raise ModelFormInvalid(f"The form {str(path)!r} is larger than 4 MB.")
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelFormInvalid(f"The form {str(path)!r} cannot be read.") from error


def _form_of_text(text: str, name: str) -> ModelForm:
    from limner.studio.model_form import form_of_text

    return form_of_text(text, name)
