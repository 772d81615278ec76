"""Which emoji are concepts of the training set, and which icon of a package shows which concept.

A concept is a plain lower-case English noun phrase ("cat face", "book"). The colour in a name
("green book") belongs to the picture, not to the concept, so that one concept is seen in many
colours. Letters, numbers, clock faces, arrows, signs, flags and variants of people are left out:
they need detail that a small model cannot draw.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from training.data.packages import DATA_DIR, Icon, packages, read_member

COLOUR_NAMES = (
    "red",
    "orange",
    "yellow",
    "green",
    "light blue",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "grey",
    "white",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What `emoji.toml` says: labels taken and left out, and names by label."""

    whole_subgroups: frozenset[str]
    left_out: frozenset[str]
    let_in: frozenset[str]
    plain_names: Mapping[str, str]
    other_names: Mapping[str, Sequence[str]]

    def takes(self, label: str, subgroup: str) -> bool:
        """Whether an emoji is a concept."""
        return label in self.let_in or (
            subgroup in self.whole_subgroups and label not in self.left_out
        )


@cache
def selection() -> Selection:
    """The committed selection."""
    values = tomllib.loads((DATA_DIR / "emoji.toml").read_text())
    return Selection(
        whole_subgroups=frozenset(values["whole_subgroups"]),
        left_out=frozenset(values["left_out"]),
        let_in=frozenset(values["let_in"]),
        plain_names=values["plain_names"],
        other_names=values["other_names"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmojiConcept:
    """An emoji that is a concept of the training set.

    Attributes:
        concept: the name said in captions.
        label: the standard's name.
        group: group and subgroup, as "animals-nature/animal-bird".
        keywords: one- or two-word tags, most telling first.
        code_point: hexadecimal code points joined by "-", without variation selectors.
        keys: squeezed names under which a package may file it.
    """

    concept: str
    label: str
    group: str
    keywords: tuple[str, ...]
    code_point: str
    keys: tuple[str, ...]


def plain_text(name: str) -> str:
    """Lower case, without accents and curly quotes: "Pi\u00f1ata" -> "pinata"."""
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace(
        "\u2019", "'"
    )


def squeeze(name: str) -> str:
    """Letters and digits only, lower case: "Fish-cake with swirl" -> "fishcakewithswirl"."""
    return re.sub(r"[^a-z0-9]", "", plain_text(name))


def bare_code_point(hexcode: str) -> str:
    """Lower-case code points without the variation selector."""
    return "-".join(part for part in hexcode.lower().split("-") if part != "fe0f")


def without_colour(label: str) -> str:
    """Drop a leading colour word when something is left of the name: "green book" -> "book"."""
    for colour in COLOUR_NAMES:
        if label.startswith(colour + " ") and label not in {"blackbird", "orange juice"}:
            return label[len(colour) + 1 :]
    return label


def emoji_concepts(work: Path) -> list[EmojiConcept]:
    """The selected emoji in the standard's order."""
    keyword_package = packages()["emojibase"]
    rows: list[dict[str, Any]] = read_member(keyword_package, work, "en/data.json")
    names = read_member(keyword_package, work, "meta/groups.json")
    unicode_names = _unicode_names(read_member(keyword_package, work, "meta/unicode-names.json"))
    chosen_labels = selection()
    chosen: list[EmojiConcept] = []
    for row in sorted(rows, key=lambda row: row.get("order", 0)):
        if row.get("group") is None:
            continue
        label = plain_text(row["label"])
        subgroup = names["subgroups"][str(row["subgroup"])]
        if not chosen_labels.takes(label, subgroup):
            continue
        code_point = bare_code_point(row["hexcode"])
        plain = chosen_labels.plain_names.get(label) or without_colour(label)
        aliases = (
            label,
            unicode_names.get(code_point, label),
            *chosen_labels.other_names.get(label, ()),
        )
        chosen.append(
            EmojiConcept(
                concept=plain.replace("'", ""),
                label=label,
                group=f"{names['groups'][str(row['group'])]}/{subgroup}",
                keywords=_keywords(row.get("tags", ()), plain),
                code_point=code_point,
                keys=tuple(dict.fromkeys(squeeze(alias) for alias in aliases)),
            )
        )
    return chosen


def _unicode_names(data: Mapping[str, str] | None) -> dict[str, str]:
    return {bare_code_point(code_point): name.lower() for code_point, name in (data or {}).items()}


def _keywords(tags: Iterable[str], concept: str) -> tuple[str, ...]:
    words = concept.split()
    kept = [
        tag.lower()
        for tag in tags
        if re.fullmatch(r"[a-zA-Z][a-zA-Z-]{2,}( [a-zA-Z-]{2,})?", tag) and tag.lower() not in words
    ]
    return tuple(kept[:8])


def match_emoji(
    icons: Iterable[Icon], concepts: Iterable[EmojiConcept]
) -> list[tuple[Icon, EmojiConcept]]:
    """Pair the icons of one emoji package with the selected concepts, by code point, else by name.

    Numbered variants ("donut-1", "donut-2") all belong to the concept.
    """
    by_code = {concept.code_point: concept for concept in concepts}
    by_key: dict[str, EmojiConcept] = {}
    for concept in by_code.values():
        by_key.setdefault(concept.keys[0], concept)
    for concept in by_code.values():
        for key in concept.keys[1:]:
            by_key.setdefault(key, concept)
    pairs: list[tuple[Icon, EmojiConcept]] = []
    for icon in icons:
        by_point = [
            by_code[code] for code in map(bare_code_point, icon.code_points) if code in by_code
        ]
        name = squeeze(re.sub(r"-\d$", "", icon.name))
        found = by_point[0] if by_point else None if icon.code_points else by_key.get(name)
        if found is not None:
            pairs.append((icon, found))
    return pairs
