"""The report on a look: one page that stands alone, with pictures, failures first.

It holds small pictures that were made while looking, no file of an image, and no script. What is
many is counted whole and shown in part, and it says which part.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limner.core.looking import Findings
    from limner.store.looks import StoredLook
    from limner.studio.look.rows import Row
    from limner.studio.parts import Parts

MOST_SHOWN = 150  # pictures of one kind; a picture takes about six kilobytes
MOST_NAMED = 1000  # faults
MOST_TAGS = 12
MOST_FRAMES = 60  # of one film on its contact sheet
MOST_FILMS = 20
ORDER = ("refused", "held", "released")
WORDS: Mapping[str, str] = {
    "refused": "Refused",
    "held": "Held for a person",
    "released": "Released",
}
SIGNALS: Mapping[str, str] = {
    "consent": "consent needed",
    "near": "near duplicate",
    "origin": "says it is machine-made",
    "anomalous": "anomalous",
}


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What a run came to: everything counted, some of it kept to be shown."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    tags: Counter[str] = field(default_factory=Counter[str])
    labels: Counter[str] = field(default_factory=Counter[str])
    signals: Counter[str] = field(default_factory=Counter[str])
    checks: Counter[str] = field(default_factory=Counter[str])
    named: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    shown: dict[str, list[Row]] = field(default_factory=dict[str, "list[Row]"])
    films: dict[str, list[Row]] = field(default_factory=dict[str, "list[Row]"])
    frames: Counter[str] = field(default_factory=Counter[str])

    @property
    def num_pictures(self) -> int:
        """Pictures that were looked at."""
        return self.outcomes.total()


def gather(rows: Iterable[Row]) -> Gathered:
    """Count every row once, and keep the first of each kind; odd ones before plain ones."""
    gathered = Gathered()
    for row in rows:
        if row.look is None:
            gathered.faults[row.item.fault_code or "erased"] += 1
            if len(gathered.named) < MOST_NAMED:
                gathered.named.append((row.item.name, row.item.fault or "It was erased since."))
            continue
        _count(gathered, row.look)
        _keep(gathered.shown.setdefault(row.look.outcome, []), row)
        if row.item.shot is not None:
            _keep_frame(gathered, row)
    return gathered


def _count(gathered: Gathered, look: StoredLook) -> None:
    gathered.outcomes[look.outcome] += 1
    gathered.tags.update(one.name for one in look.findings.tags[:1])
    gathered.labels.update(one.label for one in look.findings.labels if one.verdict == "yes")
    gathered.signals.update(_signals(look.findings))
    gathered.checks.update(one["check"] for one in look.results if one["verdict"] == "fail")


def _keep(kept: list[Row], row: Row) -> None:
    """Keep at most so many: once full, an odd one takes the place of the last plain one."""
    if len(kept) < MOST_SHOWN:
        kept.append(row)
        return
    assert row.look is not None
    if any(True for _ in _signals(row.look.findings)):
        for at in range(len(kept) - 1, -1, -1):
            look = kept[at].look
            if look is not None and not any(True for _ in _signals(look.findings)):
                kept[at] = row
                return


def _keep_frame(gathered: Gathered, row: Row) -> None:
    """Keep the first frames of the first films; all are counted."""
    film = row.item.name.rpartition("#")[0]
    gathered.frames[film] += 1
    if len(gathered.films) < MOST_FILMS:
        gathered.films.setdefault(film, [])
    if film in gathered.films and len(gathered.films[film]) < MOST_FRAMES:
        gathered.films[film].append(row)


def _signals(findings: Findings) -> Iterator[str]:
    if findings.needs_consent:
        yield "consent"
    if findings.near is not None:
        yield "near"
    if any(one.says_ai for one in findings.origin):
        yield "origin"
    if any(one.verdict == "anomalous" for one in findings.anomalies):
        yield "anomalous"


def write_page(file: IO[bytes], parts: Parts, run: Mapping[str, Any], rows: Iterable[Row]) -> None:
    """Write the page as UTF-8."""
    gathered = gather(rows)
    for text in _page(parts, run, gathered):
        file.write(text.encode())


def _page(parts: Parts, run: Mapping[str, Any], gathered: Gathered) -> Iterator[str]:
    style = files("limner.faces").joinpath("look_report.css").read_text("utf-8")
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Look {escape(run['run_id'])}</title><style>{style}</style></head><body>"
        f"<header><h1>{gathered.num_pictures:,} pictures looked at</h1>"
        f'<p class="soft">{escape(str(run["started_at"])[:16].replace("T", " "))} UTC · '
        f"<code>{escape(run['run_id'])}</code></p></header><main>"
    )
    yield _outcomes(gathered)
    yield _overview(gathered)
    yield from _faults(gathered)
    for film, rows in gathered.films.items():
        yield from _contact_sheet(film, rows, gathered.frames[film])
    for outcome in ORDER:
        yield from _pictures(parts, outcome, gathered)
    yield (
        '<footer class="soft"><p>Tags are ImageNet classes as EfficientNet-Lite0 holds them '
        "likely; probabilities are not calibrated. That a picture says nothing of its origin says "
        "nothing. Only a trusted credential proves anything.</p></footer></main></body></html>\n"
    )


def _outcomes(gathered: Gathered) -> str:
    facts = [(one, WORDS[one], gathered.outcomes[one]) for one in ORDER]
    facts.append(("fault", "Could not be looked at", gathered.faults.total()))
    cells = "".join(
        f'<li class="{kind}"><b>{num:,}</b><span>{words}</span></li>' for kind, words, num in facts
    )
    return f'<section aria-label="Outcomes"><ul class="counts">{cells}</ul></section>'


def _overview(gathered: Gathered) -> str:
    signals = Counter({SIGNALS[one]: num for one, num in gathered.signals.items()})
    panels = [
        _bars("Most frequent first tags", gathered.tags, gathered.num_pictures),
        _bars("Labels that fit", gathered.labels, gathered.num_pictures),
        _bars("Worth knowing", signals, gathered.num_pictures),
        _bars("Checks that failed", gathered.checks, gathered.num_pictures),
    ]
    return f'<section class="panels">{"".join(panels)}</section>'


def _bars(title: str, counts: Counter[str], whole: int) -> str:
    if not counts:
        return ""
    lines = "".join(
        f'<li><span>{escape(name)}</span><meter min="0" max="{max(whole, 1)}" value="{num}">'
        f"</meter><b>{num:,}</b></li>"
        for name, num in counts.most_common(MOST_TAGS)
    )
    more = len(counts) - MOST_TAGS
    rest = f'<p class="soft">and {more:,} more kinds</p>' if more > 0 else ""
    return f'<div class="panel"><h2>{title}</h2><ul class="bars">{lines}</ul>{rest}</div>'


def _faults(gathered: Gathered) -> Iterator[str]:
    if not gathered.named:
        return
    yield f"<section><h2>Could not be looked at ({gathered.faults.total():,})</h2>"
    yield '<ul class="faults" tabindex="0" aria-label="Files and why">'  # it may scroll
    for name, sentence in gathered.named:
        yield f"<li>{escape(sentence if name in sentence else f'{name}: {sentence}')}</li>"
    yield "</ul>"
    yield _left_out(gathered.faults.total() - len(gathered.named))
    yield "</section>"


def _contact_sheet(film: str, rows: Sequence[Row], num: int) -> Iterator[str]:
    """A film's frames in order of time, each with its shot and what was decided."""
    yield f'<section><h2>{escape(film.rpartition("/")[2])}</h2><ol class="sheet">'
    for row in rows:
        assert row.look is not None
        assert row.item.shot is not None
        shot, time = row.item.shot, row.item.name.rpartition("#")[2]
        span = f"shot {shot.number + 1}, {shot.start_s:.1f} to {shot.end_s:.1f} s"
        tags = ", ".join(one.name for one in row.look.findings.tags[:1])
        told = f"{time} · {span} · {WORDS[row.look.outcome]}" + (f" · {tags}" if tags else "")
        picture = _picture("image/jpeg", row.look.thumbnail, f"frame at {time}", told)
        yield f'<li class="{row.look.outcome}">{picture}</li>'
    yield "</ol>"
    yield _left_out(num - len(rows))
    yield "</section>"


def _pictures(parts: Parts, outcome: str, gathered: Gathered) -> Iterator[str]:
    rows = gathered.shown.get(outcome, [])
    if not rows:
        return
    num = gathered.outcomes[outcome]
    yield f'<section class="{outcome}"><h2>{WORDS[outcome]} ({num:,})</h2><ul class="cards">'
    for row in rows:
        yield _card(parts, row)
    yield "</ul>"
    yield _left_out(num - len(rows))
    yield "</section>"


def _left_out(num: int) -> str:
    if num <= 0:
        return ""
    return f'<p class="soft">{num:,} more are not shown; .jsonl and .csv hold them all.</p>'


def _card(parts: Parts, row: Row) -> str:
    look = row.look
    assert look is not None
    name = row.item.name.rpartition("/")[2]
    notes = [one["note"] for one in look.reasons]
    notes += [one.note for one in look.findings.origin]
    chips = [f"{one.name} {one.probability:.0%}" for one in look.findings.tags]
    chips += [f"{one.label}: {one.verdict} {one.score:.2f}" for one in look.findings.labels]
    near = look.findings.near
    if near is not None:
        notes.append(f"Nearly the same as {near.image_id[7:19]}…, {near.bits} of 256 bits apart.")
    told = "".join(f'<p class="small">{escape(one)}</p>' for one in notes)
    return (
        f'<li class="card">{_figures(parts, look, name)}<div class="said">'
        f'<p class="name" title="{escape(row.item.name)}">{escape(name)}</p>'
        f'<p class="soft small">{look.incoming.size} · {look.incoming.file_format} · '
        f"<code>{look.incoming.image_id[7:19]}</code></p>"
        f"{_chips(chips, _signals(look.findings))}"
        f"{told}</div></li>"
    )


def _figures(parts: Parts, look: StoredLook, name: str) -> str:
    pictures = [_picture("image/jpeg", look.thumbnail, name)]
    for one in look.findings.anomalies:
        heat = parts.store.looks.heat_map(one.heat_sha256)
        if heat is not None:
            said = f"where {name} differs from {one.normal}"
            caption = f"{one.normal}: {one.verdict} {one.score:.2f}"
            pictures.append(_picture("image/png", heat, said, caption))
    return f'<div class="figures">{"".join(pictures)}</div>'


def _picture(kind: str, content: bytes, said: str, caption: str = "") -> str:
    told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return f'<figure><img src="{source}" alt="{escape(said)}" loading="lazy">{told}</figure>'


def _chips(chips: Sequence[str], signals: Iterable[str]) -> str:
    plain = [f"<li>{escape(one)}</li>" for one in chips]
    odd = [f'<li class="odd">{SIGNALS[one]}</li>' for one in signals]
    return f'<ul class="chips">{"".join((*odd, *plain))}</ul>' if plain or odd else ""
