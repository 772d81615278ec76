"""Files of models: hashed, held against their form, and never opened if they could run code.

A pickle is refused by its content, whatever it is called; weights are safetensors, whole to the
last byte. Nothing here needs an engine's libraries.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from limner.core.errors import WeightsRefused
from limner.core.forms import ModelForm

SAFETENSORS = ".safetensors"
PICKLE_SUFFIXES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")
CODE_SUFFIXES = (".py", ".pyc", ".so", ".dll", ".dylib")
CONFIG = "config/"  # before the names of files of a folder of settings
MAX_HEADER_BYTES = 100_000_000
MAX_FILES = 10_000
_CHUNK_BYTES = 4_000_000


def hash_files(location: Path) -> dict[str, str]:
    """Tagged SHA-256 of every file of a model by its name within the location.

    Args:
        location: a file, or a folder; hidden files in it do not count.

    Raises:
        WeightsRefused: there is nothing, or a file is one that is not opened.
    """
    files = list_files(location)
    for path in files.values():
        require_safe(path)
    return {name: sha256_of_file(path) for name, path in files.items()}


def list_files(location: Path) -> dict[str, Path]:
    """The files of a model by their names within the location.

    Raises:
        WeightsRefused: there is nothing.
    """
    if location.is_file():
        return {location.name: location}
    found = {
        str(path.relative_to(location)): path
        for path in sorted(location.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.parts[len(location.parts) :])
    }
    if not found or len(found) > MAX_FILES:
        what = f"{len(found)} files" if location.is_dir() else "nothing there"
        raise WeightsRefused(
            f"The location of the model is {str(location)!r}, with {what}; allowed is a "
            "safetensors file, or a folder with the files of a model."
        )
    return found


def hash_model(location: Path, config: str = "") -> dict[str, str]:
    """Tagged SHA-256 of every file of a model, and of the folder of its settings if it has one.

    Args:
        location: a file, or a folder.
        config: the folder of its settings; its files are named ``config/...``.

    Raises:
        WeightsRefused: there is nothing, or a file is one that is not opened.
    """
    files = hash_files(location)
    settings = hash_files(Path(config)) if config else {}
    return files | {f"{CONFIG}{name}": sha256 for name, sha256 in settings.items()}


def require_model_as_written(form: ModelForm) -> None:
    """See that the files of a model, and of the folder of its settings, are what its form says.

    Raises:
        WeightsRefused: names the first that is not.
    """
    config = form.text("config")
    settings = {name: one for name, one in form.files.items() if config and name.startswith(CONFIG)}
    own = {name: one for name, one in form.files.items() if name not in settings}
    require_as_written(form.path, own)
    if config:
        settings = {name.removeprefix(CONFIG): one for name, one in settings.items()}
        require_as_written(Path(config), settings)


def require_as_written(location: Path, files: Mapping[str, str]) -> None:
    """See that every file is there, is what its form says, and is one that may be opened.

    Raises:
        WeightsRefused: names the first that is not.
    """
    found = list_files(location)
    for name in sorted(found.keys() | files.keys()):
        if name not in files or name not in found:
            where = (
                "the form but not the location"
                if name in files
                else "the location but not the form"
            )
            raise WeightsRefused(
                f"The file {name!r} is in {where}.",
                hint="Fetch the model whole, or add it again with `limner models add`.",
            )
        require_safe(found[name])
        if (sha256 := sha256_of_file(found[name])) != files[name]:
            raise WeightsRefused(
                f"The file {name!r} has the hash {sha256}; its form says {files[name]}.",
                hint="Fetch it again; it was changed or only half downloaded.",
            )


def require_safe(path: Path) -> None:
    """Refuse a file that could run code when it is opened, and safetensors that are not whole.

    Raises:
        WeightsRefused: names the file and what it is.
    """
    suffix = path.suffix.lower()
    if suffix in PICKLE_SUFFIXES or is_pickle(path):
        raise WeightsRefused(
            f"The file {path.name!r} is a pickle, which could run any code; allowed are "
            "safetensors.",
            code="pickle_refused",
            hint="Take the safetensors of this model, or convert it in a place you can lose.",
        )
    if suffix in CODE_SUFFIXES:
        raise WeightsRefused(
            f"The file {path.name!r} is code; a model with code of its own is not opened.",
            code="code_refused",
        )
    if suffix == SAFETENSORS:
        read_safetensors_header(path)


def is_pickle(path: Path) -> bool:
    """Whether a file is a pickle by its content: bare, or zipped the way torch saves."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return path.suffix.lower() != SAFETENSORS or not _has_header(path)
    if start[:4] == b"PK\x03\x04" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    return False


def read_safetensors_header(path: Path) -> Mapping[str, Any]:
    """What the header of a safetensors file says of every tensor.

    Raises:
        WeightsRefused: it is none, or its bytes do not end where its header says.

    Source: https://github.com/huggingface/safetensors, section "Format".
    """
    num_bytes = path.stat().st_size
    refusal = WeightsRefused(
        f"The file {path.name!r} is not safetensors: its {num_bytes} bytes have no header of it.",
        hint="Fetch it again; it may be only half downloaded.",
    )
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER_BYTES, num_bytes - 8):
                raise refusal
            header = json.loads(file.read(length))
        ends = [_end_of(one) for name, one in header.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise refusal from error
    expected = 8 + length + max(ends, default=0)
    if expected != num_bytes:
        raise WeightsRefused(
            f"The file {path.name!r} has {num_bytes} bytes; its header says {expected}.",
            hint="Fetch it again; it was only half downloaded, or changed.",
        )
    return cast("Mapping[str, Any]", header)


def sha256_of_file(path: Path) -> str:
    """Tagged SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _has_header(path: Path) -> bool:
    try:
        read_safetensors_header(path)
    except WeightsRefused:
        return False
    return True


def _end_of(tensor: Mapping[str, Any]) -> int:
    start, end = tensor["data_offsets"]
    if not 0 <= start <= end or math.prod(tensor["shape"]) < 0:
        raise ValueError
    return int(end)
