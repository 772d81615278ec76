"""Every picture worth drawing: which icon of which package shows which concept in which style."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.data.concepts import EmojiConcept, bare_code_point, emoji_concepts, match_emoji
from training.data.drawings import Body, Drawing, Raster, WholeSvg
from training.data.names import Meaning, Vocabulary, vocabulary
from training.data.packages import (
    DATA_DIR,
    Icon,
    Package,
    icons,
    packages,
    raster_files,
    unpack_clipart,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that may enter the training set once it is drawn and found sound."""

    package: Package
    icon: str
    author: str
    style: str
    concept: str
    group: str
    keywords: tuple[str, ...]
    drawing: Drawing

    @property
    def picture(self) -> str:
        """Unique id."""
        return f"{self.package.key}/{self.icon}"


def candidates(work: Path) -> Iterator[Candidate]:
    """Candidates of all fetched packages, in the order of `packages.json`."""
    return (candidate for candidate in _named(work) if not _is_left_out(candidate.picture))


@cache
def _left_out_patterns() -> re.Pattern[str]:
    lines = (DATA_DIR / "left_out.txt").read_text().splitlines()
    return re.compile(
        "|".join(fnmatch.translate(line) for line in lines if line and not line.startswith("#"))
    )


def _is_left_out(picture: str) -> bool:
    """Whether somebody looked at it and left it out."""
    return _left_out_patterns().match(picture) is not None


def _named(work: Path) -> Iterator[Candidate]:
    emoji = emoji_concepts(work)
    words = vocabulary(emoji)
    keywords = {concept.concept: concept.keywords for concept in reversed(emoji)}
    for package in packages().values():
        if package.family == "emoji":
            yield from _emoji(package, work, emoji)
        elif package.family == "raster":
            yield from _raster(package, work, emoji)
        elif package.family == "icons":
            yield from _icons(package, work, words, keywords)
        elif package.family == "clipart":
            yield from _clipart(package, work, words, keywords)


def _emoji(package: Package, work: Path, emoji: Sequence[EmojiConcept]) -> Iterator[Candidate]:
    for icon, concept in match_emoji(icons(package, work), emoji):
        yield _of_emoji(package, icon.name, concept, Body(body=icon.body, view=icon.view))


def _raster(package: Package, work: Path, emoji: Sequence[EmojiConcept]) -> Iterator[Candidate]:
    by_code = {concept.code_point: concept for concept in emoji}
    for name, data in sorted(raster_files(package, work)):
        concept = by_code.get(bare_code_point(name))
        if concept is not None:
            yield _of_emoji(package, name, concept, Raster(data=data))


def _of_emoji(package: Package, icon: str, concept: EmojiConcept, drawing: Drawing) -> Candidate:
    return Candidate(
        package=package,
        icon=icon,
        author=package.author,
        style=package.styles[""],
        concept=concept.concept,
        group=concept.group,
        keywords=concept.keywords,
        drawing=drawing,
    )


def _icons(
    package: Package, work: Path, words: Vocabulary, keywords: dict[str, tuple[str, ...]]
) -> Iterator[Candidate]:
    for icon in _largest(icons(package, work)):
        stem, suffix = _split_suffix(re.sub(r"-(16|20|24|28|32|48)$", "", icon.name), package)
        meaning = words.meaning(stem)
        if meaning is not None:
            yield Candidate(
                package=package,
                icon=icon.name,
                author=package.author,
                style=package.styles[suffix],
                concept=meaning.concept,
                group=meaning.group,
                keywords=_keywords(meaning, keywords),
                drawing=Body(body=icon.body, view=icon.view),
            )


def _largest(found: Iterator[Icon]) -> list[Icon]:
    """Of icons that differ in their pixel size alone ("book-20", "book-32") the largest one."""
    by_stem: dict[str, Icon] = {}
    for icon in sorted(found, key=lambda icon: icon.view[2]):
        by_stem[re.sub(r"-(16|20|24|28|32|48)$", "", icon.name)] = icon
    return sorted(by_stem.values(), key=lambda icon: icon.name)


def _split_suffix(name: str, package: Package) -> tuple[str, str]:
    for suffix in package.styles:
        if suffix and name.endswith("-" + suffix):
            return name.removesuffix("-" + suffix), suffix
    return name, ""


def _keywords(meaning: Meaning, keywords: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    known = keywords.get(meaning.concept, ())
    group_words = tuple(re.split(r"[-/]", meaning.group)) if not known else ()
    told = (word for word in known + meaning.keywords + group_words if word not in UNTELLING)
    return tuple(dict.fromkeys(told))


UNTELLING = frozenset("other objects shape symbols nature places one two".split())

CLIPART_FOLDERS = (
    "animals", "buildings", "containers", "education", "electronics", "food",
    "geography/astronomy", "office", "plants", "people/clothing", "people/bodypart",
    "people/smilies", "recreation", "science", "signs_and_symbols/weather",
    "signs_and_symbols/money", "tools", "transportation", "computer/hardware", "unsorted",
    "shapes",
)  # fmt: skip
CLIPART_NOT = (
    "roadsigns", "aiga", "arrows", "callouts", "flowchart", "jigsaw", "stars", "games/cards",
    "duplicates", "religion", "bw", "_b_w", "stickmen",
)  # fmt: skip
SMALL_WORDS = frozenset(
    (
        "a an the my cartoon simple drawn hand stylized fancy closed open slim drawing nice "
        "cute sitting running sleeping happy map elements rpg colored coloured color colour "
        "icon clip art clipart tropical wooden metal profile lit green yellow 3d ii iii earth "
        "silver golden single shiny little great common basic"
    ).split()
)


def _clipart(
    package: Package, work: Path, words: Vocabulary, keywords: dict[str, tuple[str, ...]]
) -> Iterator[Candidate]:
    root = unpack_clipart(package, work)
    for path in sorted(root.rglob("*.svg")):
        place = path.relative_to(root).as_posix()
        if not place.startswith(CLIPART_FOLDERS) or any(
            part in place.lower() for part in CLIPART_NOT
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if "PublicDomain" not in text and "licenses/publicdomain" not in text:
            continue
        author = _author(text)
        if not author:
            continue
        meaning = _clipart_meaning(words, _tag(text, "dc:title"), path.stem, author)
        if meaning is not None and len(text) < 600_000:
            yield Candidate(
                package=package,
                icon=place.removesuffix(".svg"),
                author=author,
                style=package.styles[""],
                concept=meaning.concept,
                group=meaning.group,
                keywords=_keywords(meaning, keywords),
                drawing=WholeSvg(text=text),
            )


NO_AUTHORS = frozenset({"", "unknown", "anonymous", "open sourced gem clipart", "me", "none"})


def _author(text: str) -> str:
    """Who dedicated the picture, without addresses; empty when nobody is named."""
    name = re.sub(r"\S+@\S+|https?://(www\.)?", " ", _tag(text, "dc:creator"))
    with contextlib.suppress(UnicodeError):  # some files hold UTF-8 that was encoded twice
        name = name.encode("latin-1").decode("utf-8")
    name = " ".join(name.split()).strip(" -,.")
    return "" if name.lower() in NO_AUTHORS else name


def _tag(text: str, tag: str) -> str:
    """The plain text inside the first `tag`, without the tags in it."""
    found = re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL)
    plain = html.unescape(html.unescape(re.sub(r"<[^>]*>", " ", found.group(1)))) if found else ""
    return " ".join(re.sub(r"[\[(<].*?[\])>]|[|]", " ", plain).split())[:60]


def _clipart_meaning(words: Vocabulary, title: str, stem: str, author: str) -> Meaning | None:
    """From the title, else from the file name, which often ends with its author's name."""
    author_words = re.findall("[a-z]+", author.lower())
    kept: list[str] = []
    for word in re.findall("[a-z]+", stem.lower()):
        if kept and any(name.startswith(word[:4]) for name in author_words):
            break
        kept.append(word)
    for name in (title, " ".join(kept)):
        plain = [word for word in re.findall("[a-z]+", name.lower()) if word not in SMALL_WORDS]
        meaning = words.meaning(" ".join(plain)) if 0 < len(plain) <= 4 else None
        if meaning is not None:
            return dataclasses.replace(meaning, keywords=())
    return None
