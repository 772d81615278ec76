"""The model card, written from the training record: run log, manifest, card. It states nothing else."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.data import manifest
from training.data.manifest import Row


def model_card(
    card: dict[str, Any], work: Path, run: str, trained: Sequence[Row], *, has_head: bool
) -> str:
    """Markdown text of the model card."""
    sections = [
        _head(card, has_head=has_head),
        _training(card, work / run / "log.jsonl"),
        _pictures(work / "data" / "rows.jsonl", trained),
        _files(card),
    ]
    return "\n".join(sections)


def _head(card: dict[str, Any], *, has_head: bool) -> str:
    shape = card["network"]
    enlarged = "a trained super-resolution head" if has_head else "bicubic resampling"
    return f"""# {card["name"]} {card["version"]}

Draws stickers, icons and emoji-style pictures, RGBA, {card["output_px"]} px, from a short English prompt (at most
{card["text_tokens"] - 2} tokens). Licence: {card["licence"]}. It knows the objects, styles and colours of its training
pictures; it does not draw photographs, text, brands or real people, and prompts outside its subjects give the nearest thing
it knows, or nothing recognisable.

| | |
|---|---|
| network | diffusion transformer, {shape["depth"]} layers of width {shape["width"]}, predicts the clean image of a rectified flow |
| works on | {card["space"]}, {" x ".join(map(str, card["canvas"]))}; decoded at {card["picture_px"]} px, then {enlarged} |
| text encoder | all-MiniLM-L6-v2 (Apache-2.0, see NOTICE), frozen, large matrices in 8 bits |
| defaults | {card["steps"][2]} steps, guidance {card["guidance"][2]:g} |
| styles | {", ".join(card["styles"])} |
"""


def _training(card: dict[str, Any], log: Path) -> str:
    lines = ["## Training", "", f"Pictures seen: {card['num_samples_trained']:,}."]
    records = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    held_out = [record for record in records if "held_out" in record]
    if held_out:
        last = held_out[-1]
        lines += [
            "",
            f"Mean squared error of the clean estimate on held-out pictures at the end of the last run, of {last['seen']:,} "
            "pictures, by time (0 noise, 1 clean):",
            "",
            "| " + " | ".join(last["held_out"]) + " |",
            "|" + "---|" * len(last["held_out"]),
            "| " + " | ".join(str(value) for value in last["held_out"].values()) + " |",
        ]
    return "\n".join([*lines, ""])


def _pictures(rows_file: Path, trained: Sequence[Row]) -> str:
    if not rows_file.exists():
        return "## Training pictures\n\nNo record of training pictures was found beside this run.\n"
    rows = manifest.read_jsonl(rows_file)
    concepts = sorted({row.concept for row in trained})
    splits = Counter(row.split for row in rows)
    licences = Counter((row.licence, row.package) for row in trained)
    lines = [
        "## Training pictures",
        "",
        f"{len(trained):,} pictures of {len(concepts):,} concepts, of {splits['train']:,} that may be trained on; held out and "
        "never trained on: "
        + ", ".join(f"{count:,} ({split})" for split, count in sorted(splits.items()) if split != "train")
        + ".",
        "",
        "| package | licence | pictures |",
        "|---|---|---|",
        *(f"| {package} | {licence} | {count:,} |" for (licence, package), count in licences.most_common()),
    ]
    lines += ["", "Concepts: " + ", ".join(concepts) + "."]
    return "\n".join([*lines, ""])


def _files(card: dict[str, Any]) -> str:
    lines = ["## Files", "", "| file | hash |", "|---|---|"]
    lines += [f"| {name} | `{digest}` |" for name, digest in card["files"].items()]
    return "\n".join([*lines, ""])
