"""The capability card in words: the same sections as Markdown and as a page that stands alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from limner.core.errors import BadInput
from limner.core.evidence import Evidence
from limner.core.gates import GateVerdict
from limner.core.models import Origin
from limner.faces.report.telling import percent, seconds
from limner.store.files import make_folder, write_new
from limner.studio.capability import (
    CANNOT_UNDER,
    QUESTIONS,
    RELIABLE_FROM,
    CapabilityCard,
    Standing,
)

FOLDER = Path(__file__).parent
SUFFIXES = (".html", ".md", ".json")
LEAST_PROMPTS = 20  # of a group that the card names; smaller ones say little and are in the report


class Section(NamedTuple):
    """One part of the card.

    Attributes:
        lead: a sentence under the title.
        rows: of what, how often, and on what evidence; may be empty.
        points: further sentences.
    """

    title: str
    lead: str
    rows: Sequence[tuple[str, str, str]] = ()
    points: Sequence[str] = ()


def title_of(card: CapabilityCard) -> str:
    """What the card is called."""
    return f"What {card.state.version.label} can be relied on for"


def summary(card: CapabilityCard) -> list[str]:
    """What a reader has to know first, in sentences."""
    state, version = card.state, card.state.version
    told = [f"{version.label} is {state.stage}; {version.owner} answers for it."]
    if card.fault:
        told.append(f"Nothing is shown: {card.fault}")
    elif card.valid_until is not None:
        told.append(f"What is said here is valid until {card.valid_until:%Y-%m-%d %H:%M} UTC.")
    elif version.origin is Origin.SHIPPED:
        told.append("It came with Limner and went through no gate here.")
    else:
        told.append("It has not passed a gate that holds now, so nothing is promised.")
    if card.seconds is not None:
        took = card.seconds
        told.append(
            f"A picture takes {seconds(took.estimate)} ({seconds(took.low)} to "
            f"{seconds(took.high)}), as {took.run} measured."
        )
    licence = version.licence
    read = f"read by {licence.reviewer}" if licence.reviewer else "which nobody has read"
    told.append(f"Its licence is {licence.expression}, {read}.")
    return told


def sections(card: CapabilityCard) -> list[Section]:
    """Every part of the card, in order."""
    found = [
        Section(
            "What it does reliably",
            f"At least {percent(RELIABLE_FROM)} of pictures, by the lower bound.",
            _rows(card, Standing.RELIABLE),
        ),
        Section(
            "What needs a person",
            "Neither bound decides it, so somebody has to look at each picture.",
            _rows(card, Standing.PERSON),
        ),
        Section(
            "What it cannot do",
            f"At most {percent(CANNOT_UNDER)} of pictures, by the upper bound.",
            _rows(card, Standing.CANNOT),
            [f"It does not {one}." for one in card.refuses],
        ),
        Section(
            "What is not known",
            "Nobody measured it, or what was measured holds no more.",
            _rows(card, Standing.LAPSED),
            [f"Not measured: {', '.join(card.not_measured)}."] if card.not_measured else [],
        ),
    ]
    if card.agreements:
        found.append(_agreements(card))
    if card.certified:
        found.append(Section("Limits that are certified", "", (), card.certified))
    if card.answer is not None:
        found.append(Section("The gate", _gate_lead(card), (), list(_gate_points(card))))
    found.append(Section("On what evidence", "", (), list(_evidence(card))))
    return found


def card_markdown(card: CapabilityCard) -> str:
    """The card as Markdown."""
    lines = [f"# {title_of(card)}", "", *(f"{_plain(one)}  " for one in summary(card))]
    for section in sections(card):
        lines += ["", f"## {section.title}", ""]
        lines += [_plain(section.lead), ""] if section.lead else []
        if section.rows:
            lines += ["| what | pictures | evidence |", "|---|---|---|"]
            lines += [f"| {' | '.join(map(_plain, row))} |" for row in section.rows]
        elif not section.points:
            lines.append("Nothing was shown to be so.")
        if section.rows and section.points:
            lines.append("")
        lines += [f"- {_plain(one)}" for one in section.points]
    return "\n".join(lines) + "\n"


def card_page(card: CapabilityCard) -> str:
    """The card as one page that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("capability.html").render(
        title=title_of(card),
        summary=summary(card),
        sections=sections(card),
        style=(FOLDER / "report.css").read_text(encoding="utf-8"),
    )


def write_card(card: CapabilityCard, out: Path | None, *, overwrite: bool) -> Path:
    """Write the card into a file; what its name ends in says the form.

    Args:
        card: what it says.
        out: a file, or a folder that is there; ``None`` is the current folder.
        overwrite: replace what is there.

    Raises:
        BadInput: its name ends in none of `SUFFIXES`, or something is there.
        StorageUnavailable: it cannot be written.
    """
    file = Path() if out is None else out.expanduser()
    if file.is_dir():
        file = file / f"card-{card.state.version.label}.html"
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(
            f"The card {str(file)!r} ends in {suffix!r}; allowed are {', '.join(SUFFIXES)}."
        )
    if suffix == ".json":
        text = json.dumps(card.to_document(), ensure_ascii=False, indent=2) + "\n"
    else:
        text = card_page(card) if suffix == ".html" else card_markdown(card)
    make_folder(file.parent)
    try:
        write_new(file, text.encode(), overwrite=overwrite)
    except FileExistsError as error:
        raise BadInput(
            f"The file {str(file)!r} is there already.",
            hint="Name another, or replace it with --force.",
        ) from error
    return file


def _rows(card: CapabilityCard, standing: Standing) -> list[tuple[str, str, str]]:
    """What is of a standing; a group only where it is surely unlike all prompts together."""
    whole = {
        (one.evidence.suite, one.evidence.metric): one.evidence.estimate
        for one in card.capabilities
        if not one.evidence.slice
    }
    told = [one for one in card.of(standing) if _is_telling(one.evidence, whole)]
    return [
        (
            one.question + (f" Where {one.evidence.slice}." if one.evidence.slice else ""),
            _shares(one.evidence),
            _on(one.evidence),
        )
        for one in told
    ]


def _is_telling(one: Evidence, whole: Mapping[tuple[str, str], float]) -> bool:
    if not one.slice:
        return True
    together = whole.get((one.suite, one.metric))
    is_unlike = together is None or not one.low <= together <= one.high
    return one.num >= LEAST_PROMPTS and is_unlike


def _agreements(card: CapabilityCard) -> Section:
    unasked = {
        one.evidence.metric.rpartition(".")[0]
        for one in card.capabilities
        if one.standing is not Standing.LAPSED and one.evidence.metric not in QUESTIONS
    } - {one.check for one in card.agreements if one.holds}
    return Section(
        "How far its checks agree with people",
        "Share of pictures on which a check says what people say who looked.",
        [
            (
                one.question,
                _shares(one.evidence),
                f"{_on(one.evidence)}; "
                + (f"until {one.ends_at:%Y-%m-%d}" if one.holds else "holds no more"),
            )
            for one in card.agreements
        ],
        [f"Nobody's word holds now on: {', '.join(sorted(unasked))}."] if unasked else [],
    )


def _shares(one: Evidence) -> str:
    return f"{percent(one.estimate)}, {percent(one.low)} to {percent(one.high)}"


def _on(one: Evidence) -> str:
    return f"{one.suite}, {one.num:,} prompts, {one.run}"


def _gate_lead(card: CapabilityCard) -> str:
    assert card.answer is not None, "there is a gate"
    verb = "went through" if card.has_passed else "was held against"
    now = "still holds" if card.answer.verdict is GateVerdict.PASS else "does not hold now"
    name = card.answer.gate.name
    return f"It {verb} the gate {name}, which {now}: {card.answer.verdict}."


def _gate_points(card: CapabilityCard) -> Iterator[str]:
    assert card.answer is not None, "there is a gate"
    yield from card.answer.faults
    for one in card.answer.rules:
        word = "waived" if one.waived_by else str(one.verdict)
        yield f"{one.rule.id}: {word}. {one.note}"
    for waiver in card.waivers:
        yield (
            f"Waived by {waiver.person} until {waiver.expires_at:%Y-%m-%d}: {waiver.rule_id}, "
            f"because {waiver.reason}"
        )


def _evidence(card: CapabilityCard) -> Iterator[str]:
    version = card.state.version
    yield f"Model {version.sha256}."
    runs = {one.evidence.run: one.evidence for one in card.capabilities}
    for run, one in runs.items():
        yield (
            f"{run}, suite {one.suite}, measured {one.measured_at:%Y-%m-%d %H:%M} UTC; suite "
            f"{one.basis.suite_sha256[7:19]}, checks {one.basis.checks_sha256[7:19]}, criteria "
            f"{one.basis.criteria_sha256[7:19] or 'none'}."
        )
    if not runs:
        yield "Nothing was measured of it."
    yield (
        f"A group of at least {LEAST_PROMPTS} prompts is named where its interval leaves out what "
        "all prompts together came to; every group is in the report on its run."
    )
    yield (
        "Each bound is the end of a 95 % interval of its own; read side by side, one in twenty may "
        "be wrong."
    )
    yield f"Written {card.made_at:%Y-%m-%d %H:%M} UTC by `limner models card {version.label}`."


def _plain(text: str) -> str:
    """Text of others, so that it is neither markup nor a column of a table."""
    return "".join(f"\\{one}" if one in "\\*_[]<>|#" else one for one in text.replace("\n", " "))
