"""Write the words the checks know: `python -m training.export_words --work DIR`.

`checks/request/words.txt` holds the English words of the text encoder's vocabulary and of our captions.
Words that other languages use for emoji and English does not are left out: their names in 26 languages come
from the pinned emojibase-data (MIT), odd places of the standard's order for building, even ones kept for measuring.
"""

import argparse
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from limner.checks.request.language import WORDS_FILE, Language, folded_words
from limner.core.records import Request
from training.data.captions import COUNT_WORDS, plural, words
from training.data.colours import background_words
from training.data.manifest import read as read_manifest
from training.data.packages import packages
from training.data.styles import STYLES
from training.text import model_folder

ENGLISH = ("en", "en-gb")
SAID_AROUND = (
    "a an the of with in behind on and without to left right below above under over next at top bottom corner "
    "center centered small tiny big large background transparent no gradient style"
)
HEADER = """\
# English words that the text encoder reads whole, or that our captions use; one a line.
# From the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) and from emojibase-data 17.0.0 (MIT),
# written by training/export_words.py. What is not here counts as not English.
"""


def names_by_language(archive: Path, parity: int) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Name and keywords of every other emoji, by language; `parity` of its place, 0 or 1."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            at = re.fullmatch(r"package/([a-z-]+)/data\.json", member.name)
            file = opened.extractfile(member) if at else None
            if at is None or file is None:
                continue
            rows: list[dict[str, Any]] = json.load(file)
            found[at.group(1)] = [
                (row["label"], tuple(row.get("tags", ())))
                for row in rows
                if "label" in row and row.get("order", 0) % 2 == parity
            ]
    return found


def caption_words() -> Iterator[str]:
    """Every word a caption of ours may use."""
    for row in read_manifest():
        yield from folded_words(row.concept)
        yield from folded_words(plural(row.concept))
        for keyword in row.keywords:
            yield from folded_words(keyword)
    for said in words().synonyms.values():
        for one in said:
            yield from folded_words(one)
    for style in STYLES.values():
        for phrase in style.phrases:
            yield from folded_words(phrase)
    for text in (*COUNT_WORDS, *background_words(), SAID_AROUND):
        yield from folded_words(text)


def english_words(work: Path) -> list[str]:
    """The list, sorted."""
    vocabulary = json.loads((model_folder() / "tokenizer.json").read_text())["model"]["vocab"]
    whole = {piece for piece in vocabulary if re.fullmatch(r"[a-z]{2,}", piece)}
    names = names_by_language(work / "data" / "packages" / packages()["emojibase"].file, parity=1)
    ours = set(caption_words())
    said_here = Counter(
        word for language in ENGLISH for label, tags in names[language] for text in (label, *tags)
        for word in folded_words(text)
    )  # fmt: skip
    said_there = {
        word for language, rows in names.items() if language not in ENGLISH
        for label, _ in rows for word in folded_words(label)
    }  # fmt: skip
    foreign = said_there - set(said_here) - ours
    return sorted((whole | ours | set(said_here)) - foreign)


def print_shares(work: Path) -> None:
    """What the check makes of the names that the list was not made from, of two words and more."""
    check = Language()
    names = names_by_language(work / "data" / "packages" / packages()["emojibase"].file, parity=0)
    groups: dict[str, list[float]] = {"English": [], "26 other languages": []}
    for language, rows in names.items():
        group = groups["English" if language in ENGLISH else "26 other languages"]
        group += [check.measure(Request(prompt=label)).score for label, _ in rows if len(label.split()) > 1]
    limits = check.card.limits
    for group, scores in groups.items():
        passes = sum(score >= limits.pass_at for score in scores) / len(scores)
        fails = sum(score <= limits.fail_at for score in scores) / len(scores)
        print(f"{group}: {len(scores):,} names, pass {passes:.1%}, fail {fails:.1%}")


def main() -> None:
    """Write the file, and print what the check is worth with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    listed = english_words(options.work)
    WORDS_FILE.write_text(HEADER + "\n".join(listed) + "\n", encoding="utf-8")
    print(f"{len(listed):,} words")
    print_shares(options.work)


if __name__ == "__main__":
    main()
