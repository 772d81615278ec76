"""The card of an adapter, for programs and in words: what it was taught on, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from limner.core.hashing import sha256_of_bytes
from limner.evals.intervals import Estimate
from limner.generators.embedded.adapter import (
    ADAPTER_CARD_FILE,
    ADAPTER_FORMAT,
    ADAPTER_WORDS_FILE,
    CORRECTIONS_FILE,
    corrections_as_bytes,
)
from limner.studio.tuning.measuring import MOST_DRAWN_AGAIN, MOST_ERROR, Measured

if TYPE_CHECKING:
    from limner.generators.embedded.tuning.teaching import Schedule, Taught
    from limner.studio.tuning.folder import TaughtPicture

ADAPTER_VERSION = "1"  # a name is given once, and a version never changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All that a card says, besides numbers.

    Attributes:
        base_label: weights that were taught, as ``name@version``; `base` hashes of their files.
        taught: pictures that were taught, `chosen_by` that said when it was best, `held_out` that
            nothing but the measurement saw.
    """

    name: str
    licence: str
    base_label: str
    base: Mapping[str, str]
    taught: Sequence[TaughtPicture]
    chosen_by: Sequence[TaughtPicture]
    held_out: Sequence[TaughtPicture]
    schedule: Schedule
    made_at: datetime


def files_of(whole: Whole, learnt: Taught, measured: Measured) -> dict[str, bytes]:
    """Every file of an adapter's folder, by name."""
    import json

    content = corrections_as_bytes(learnt.corrections)
    document = {
        "format": ADAPTER_FORMAT,
        "name": whole.name,
        "version": ADAPTER_VERSION,
        "licence": whole.licence,
        "base": dict(whole.base),
        "files": {CORRECTIONS_FILE: sha256_of_bytes(content)},
        "sources": sorted(key for one in (*whole.taught, *whole.chosen_by) for key in one.keys),
        "base_label": whole.base_label,
        "made_at": whole.made_at.isoformat(),
        "schedule": asdict(whole.schedule),
        "best_step": learnt.best_step,
        "errors_by_step": {str(step): error for step, error in learnt.errors.items()},
        "pictures": {
            "taught": [_picture(one) for one in whole.taught],
            "chosen_by": [_picture(one) for one in whole.chosen_by],
            "held_out": [_picture(one) for one in whole.held_out],
        },
        "measured": measured.to_document(),
    }
    return {
        CORRECTIONS_FILE: content,
        ADAPTER_CARD_FILE: (json.dumps(document, indent=1) + "\n").encode(),
        ADAPTER_WORDS_FILE: words_of(whole, learnt, measured).encode(),
    }


def words_of(whole: Whole, learnt: Taught, measured: Measured) -> str:
    """The card for people, in Markdown."""
    entries = sorted({one.entry_id for one in (*whole.taught, *whole.chosen_by, *whole.held_out)})
    lines = [
        f"# {whole.name}",
        "",
        f"An adapter of {whole.base_label}, licence {whole.licence}. It draws with exactly these "
        "weights and no others.",
        "",
        f"* Taught on {len(whole.taught)} pictures; {len(whole.chosen_by)} others said when it was "
        f"best (after {learnt.best_step} of {whole.schedule.steps} steps); {len(whole.held_out)} "
        "were kept from it for the measurement.",
        f"* Allowed by {_entries(entries)} of the rights register. When one of them ends, nothing "
        "is drawn with it any more.",
        "",
        "| measured | value | 95 % interval | n | asked |",
        "|---|---|---|---|---|",
        *(f"| {what} | {_shown(one)} | {asked} |" for what, one, asked in rows_of(measured)),
        "",
        "A picture counts as drawn again where a drawing is less than half as far from it as from "
        "others of its kind on average.",
        "",
        *(["It must not be used:", ""] if measured.faults else []),
        *(f"* {one}" for one in measured.faults),
    ]
    return "\n".join(lines).rstrip() + "\n"


def rows_of(measured: Measured) -> tuple[tuple[str, Estimate, str], ...]:
    """What was measured, in words, and what is asked of it."""
    return (
        (
            "error on pictures never taught, over that without it",
            measured.held_out,
            f"up to {MOST_ERROR:g}",
        ),
        ("the same on taught pictures", measured.taught, ""),
        ("canaries drawn again", measured.canaries_again, "0"),
        ("taught pictures drawn again", measured.taught_again, f"up to {MOST_DRAWN_AGAIN:g}"),
        ("pictures never taught drawn again, by chance", measured.held_out_again, ""),
        ("perfect copies that would be seen", measured.copies_found, "0.95 or more"),
    )


def _shown(one: Estimate) -> str:
    value = "-" if one.value is None else f"{one.value:.3f}"
    ends = "-" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
    return f"{value} | {ends} | {one.num}"


def _entries(numbers: Sequence[int]) -> str:
    listed = ", ".join(str(one) for one in numbers)
    return f"entry {listed}" if len(numbers) == 1 else f"entries {listed}"


def _picture(one: TaughtPicture) -> dict[str, object]:
    """Without its name and caption, which may be personal data: hashes find it where it is."""
    return {"file": one.keys[0], "pixels": one.keys[1], "entry": one.entry_id}
