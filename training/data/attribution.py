"""Writes ATTRIBUTION.md from the manifest: whose pictures were trained on, by which licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training.data.manifest import Row
from training.data.packages import DATA_DIR, Package, packages

ATTRIBUTION = DATA_DIR.parents[1] / "ATTRIBUTION.md"

LICENCE_NAMES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License 2.0",
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International",
    "LicenseRef-Public-Domain": "Public domain dedication",
}

INTRODUCTION = """# Attribution

The image model in this repository was trained by us on pictures from the packages below. Every
picture is a row of `training/data/manifest.csv`, with its package, version, package hash, icon
name, author, licence and render hash. This page is written from that manifest by
`python -m training.data attribution`.

The pictures themselves are not part of the model file or of the installed package.

**Changes made.** Each vector picture was rendered to 256 pixels, cut to its visible content,
scaled and centred; in training, pictures were scaled, shifted, turned by a few degrees,
mirrored, recoloured, put on backgrounds and combined into scenes, and given captions. No maker
of these pictures endorses this project or its use of them.
"""

MIT_TEXT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING
BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def attribution(rows: Sequence[Row]) -> str:
    """The text of ATTRIBUTION.md."""
    used = Counter(row.package for row in rows)
    sources = [package for package in packages().values() if used[package.name]]
    table = [
        "| package | version | pictures | author | licence |",
        "|---|---|---:|---|---|",
        *(_line(package, used[package.name]) for package in sources),
    ]
    keywords = packages()["emojibase"]
    words = f"Names and keywords of emoji: {_line(keywords, 0, is_table=False)}."
    return "\n".join(
        [
            INTRODUCTION,
            f"## Pictures\n\n{len(rows)} pictures from {len(sources)} packages.\n",
            *table,
            f"\n{words}\n",
            "## Licence texts\n",
            *(f"* {LICENCE_NAMES[name]}: <{url}>" for name, url in _licence_links()),
            f"\n{_public_domain(rows)}",
            "## MIT License\n",
            *(f"Copyright (c) {author}  " for author in _mit_authors(sources)),
            f"\n{MIT_TEXT}",
        ]
    )


def _line(package: Package, pictures: int, is_table: bool = True) -> str:
    author = f"[{package.author}]({package.author_url})" if package.author_url else package.author
    licence = f"[{package.licence.removeprefix('LicenseRef-')}]({package.licence_url})"
    if not is_table:
        return f"`{package.name}` {package.version}, {author}, {licence}"
    return f"| `{package.name}` | {package.version} | {pictures} | {author} | {licence} |"


def _licence_links() -> list[tuple[str, str]]:
    return [
        ("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/legalcode"),
        ("LicenseRef-Public-Domain", "https://creativecommons.org/licenses/publicdomain/"),
        ("MIT", "https://opensource.org/license/mit"),
    ]


def _public_domain(rows: Sequence[Row]) -> str:
    """Public-domain art asks for no credit; it is given all the same."""
    by_key = {row.author.lower(): row.author for row in rows if "Public-Domain" in row.licence}
    authors = [by_key[key] for key in sorted(by_key)]
    return f"Public-domain clip art by: {', '.join(authors)}.\n" if authors else ""


def _mit_authors(sources: Sequence[Package]) -> list[str]:
    everyone = [*sources, packages()["emojibase"]]
    return sorted({package.author for package in everyone if package.licence == "MIT"})


def write(rows: Sequence[Row], path: Path = ATTRIBUTION) -> None:
    """Write ATTRIBUTION.md."""
    path.write_text(attribution(rows))
