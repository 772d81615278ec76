"""The page about a look, from rows made here."""

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.core.looking import (
    AnomalyFound,
    Duplicate,
    Findings,
    Incoming,
    OriginSignal,
    Shot,
    TagFound,
)
from limner.core.records import Size
from limner.faces.look_report import MOST_SHOWN, write_page
from limner.store.looks import StoredItem, StoredLook
from limner.studio.look.rows import Row

IMAGE = Incoming(
    image_id=f"sha256:{7:064x}", pixels_sha256="sha256:aa", file_format="png", num_bytes=9,
    size=Size(4, 3), source="in/one.png", received_at=datetime(2026, 1, 1, tzinfo=UTC), pdq=None,
)  # fmt: skip
LOOK = StoredLook(
    incoming=IMAGE, findings=Findings(), results=(), outcome="released", reasons=(),
    thumbnail=b"\xff\xd8\xff",
)  # fmt: skip
RUN = {"run_id": "look-1", "started_at": "2026-01-01T00:00:00"}
SIGNED = OriginSignal("metadata", says_ai=True, is_proof=False, note="It <says> so.")
FOUND = Findings(
    tags=(TagFound("cat", 0.5),), origin=(SIGNED,), near=Duplicate(f"sha256:{9:064x}", 4)
)


def picture(name, **changes):
    return Row(StoredItem(0, name, IMAGE.image_id), replace(LOOK, **changes))


@pytest.fixture
def page(studio):
    def write(*rows):
        file = io.BytesIO()
        write_page(file, studio.parts, RUN, rows)
        return file.getvalue().decode()

    return write


def test_failures_stand_before_what_was_released(page):
    html = page(
        picture("b.png"),
        picture("a.png", outcome="refused"),
        Row(StoredItem(2, "c.png", None, "empty", "'c.png' is empty."), None),
    )
    assert html.index("c.png") < html.index("a.png") < html.index("b.png")


def test_names_and_notes_cannot_become_markup(page):
    html = page(picture("<script>.png", findings=FOUND))
    assert "<script>" not in html
    assert "It &lt;says&gt; so." in html


def test_nothing_is_loaded_from_elsewhere(page):
    html = page(picture("a.png", findings=FOUND))
    assert ("http" in html, 'src="data:' in html) == (False, True)


def test_what_is_not_shown_is_counted(page):
    html = page(*(picture(f"{one}.png") for one in range(MOST_SHOWN + 3)))
    assert "3 more are not shown" in html


def test_an_odd_picture_is_shown_however_late_it_comes(page):
    plain = [picture(f"{one}.png") for one in range(MOST_SHOWN)]
    assert "late.png" in page(*plain, picture("late.png", findings=FOUND))


def test_frames_of_a_film_stand_on_its_contact_sheet_with_their_times(page):
    def frame(number, time):
        item = StoredItem(number, f"in/a.mp4#{time}", IMAGE.image_id, shot=Shot(number, 2, 4.5, 3))
        return Row(item, LOOK)

    html = page(frame(0, "00:00:03.000"), frame(1, "00:00:09.000"), picture("b.png"))
    sheet = html[html.index("<h2>a.mp4</h2>") :]
    sheet = sheet[: sheet.index("</ol>")]
    assert sheet.count("<li") == 2
    assert "00:00:03.000 · shot 1, 2.0 to 4.5 s" in sheet


def test_a_heat_map_stands_beside_its_picture_with_what_was_said(page, studio):
    png = b"\x89PNG heat"
    with studio.parts.store.looks.writing(IMAGE.received_at) as writing:
        writing.add_heat(IMAGE.image_id, "sha256:heat", png)
    odd = AnomalyFound("plate", "0" * 12, 2.5, "anomalous", "sha256:heat")
    gone = AnomalyFound("brick", "0" * 12, 0.5, "normal", "sha256:gone")
    html = page(picture("a.png", findings=Findings(anomalies=(odd, gone))))
    assert f"data:image/png;base64,{base64.b64encode(png).decode()}" in html
    assert 'alt="where a.png differs from plate"' in html
    assert "plate: anomalous 2.50" in html
    assert "differs from brick" not in html
