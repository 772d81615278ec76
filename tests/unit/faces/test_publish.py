"""Facts of the published log: an outsider can verify it, and it gives nobody away."""

import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from canaries import FEW
from painted_limner import painted_studio
from streams import add_stream, register_active

from limner.core.hashing import sha256_of_document
from limner.core.judging import Verdict
from limner.core.runs import Spot
from limner.faces.options import moment_of
from limner.faces.publication import site
from limner.studio import log
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, correct_score, draw_run
from limner.studio.publishing import Period
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all

SCORES = np.random.default_rng(1).normal(size=180)


@pytest.fixture
def label(settings, painter) -> str:
    """An install with decisions, a model that was paused, and an alarm; the model's label."""
    with painted_studio(settings, painter) as studio:
        model = register_active(studio)
        add_stream(studio, SCORES[:120])
        asked = Asked(num_last=120, run_length=2000, window=50)
        set_stream_reference(studio.parts, studio.card.name, asked)
        add_stream(studio, SCORES[120:] + 4, start=120)
        (watched,) = watch_all(studio.parts)
        assert watched.alarm is not None
        studio.generate("a purple wombat", seed=3)
        checks = Checks(studio.parts)
        draw_run(studio.parts, begin_run(studio.parts, FEW, checks), checks)
        return model.label


def key_of(result) -> str:
    return result.stderr.split("'")[1]


def verify(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-I", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_outsider_verifies_the_site_and_each_proof(limner, label):
    result = limner("publish", "site")
    assert result.exit_code == 0
    site, key = Path("site"), key_of(result)
    verifier = site / "ledger" / "verify.py"
    assert verify(verifier, site / "ledger", key).stdout.startswith("Good.")
    lines = (site / "data" / "history.jsonl").read_text().splitlines()
    history = [json.loads(one) for one in lines]
    kinds = {json.loads(one["entry"])["kind"]: one for one in history}
    assert {"model_change", "alarm", "watch_reference", "run_finished"} <= set(kinds)
    for kind, one in kinds.items():
        said = verify(verifier, site / "proofs" / f"{one['position']}.tlog-proof", key)
        assert said.returncode == 0
        assert f'"kind":"{kind}"' in said.stdout


def test_the_pages_tell_the_alarm_the_model_and_the_decisions(limner, label):
    limner("publish", "site")
    alarms = Path("site/alarms.html").read_text()
    assert f"The model {label} was paused." in alarms
    models = Path("site/models.html").read_text()
    assert f"{label}: paused" in models
    proofs = [re.findall(r'href="(proofs/\d+\.tlog-proof)"', one) for one in (alarms, models)]
    assert [len(one) for one in proofs] == [1, 1]
    assert all((Path("site") / one[0]).is_file() for one in proofs)
    num_decisions = len(Path("site/data/decisions.jsonl").read_text().splitlines())
    assert num_decisions > 180
    assert Path("site/decisions-1.html").read_text().count("<tr>") == num_decisions + 1
    assert "http" not in Path("site/index.html").read_text().replace("http-equiv", "")


def test_a_report_agrees_with_its_entry_by_hash(limner, label):
    limner("publish", "site")
    (report,) = map(json.loads, Path("site/data/reports.jsonl").read_text().splitlines())
    lines = Path("site/data/history.jsonl").read_text().splitlines()
    entries = {one["position"]: json.loads(one["entry"]) for one in map(json.loads, lines)}
    said = entries[report["position"]]["document"]
    assert said["results_sha256"] == sha256_of_document(report["results"])
    assert report["is_as_recorded"]
    page = Path("site/reports.html").read_text()
    assert f"on {FEW.name}" in page
    assert f"proofs/{report['position']}.tlog-proof" in page
    assert not any(case.asked.prompt in page for case in FEW.cases)


def test_a_correction_is_recorded_and_a_change_behind_the_ledger_is_told(
    limner, settings, painter, label
):
    with painted_studio(settings, painter) as studio:
        (run,) = studio.parts.store.runs.newest()
        spot = Spot("case-0", 1, "")
        said = {"author": "Ada", "reason": "It is cut off."}
        correct_score(studio.parts, run, spot, "integrity", Verdict.FAIL, **said)
    limner("publish", "corrected")
    (report,) = map(json.loads, Path("corrected/data/reports.jsonl").read_text().splitlines())
    assert (report["is_as_recorded"], report["results"]["integrity"]["share"]) == (True, 5 / 6)
    with painted_studio(settings, painter) as studio:
        runs = studio.parts.store.runs
        score = [one for one in runs.scores(run.run_id) if one.spot == spot][-1]
        runs.add(run.run_id, [], [replace(score, verdict=Verdict.PASS)])
    limner("publish", "changed")
    assert "was changed since" in Path("changed/reports.html").read_text()


def test_an_entry_that_was_changed_is_told(limner, label):
    site, key = Path("site"), key_of(limner("publish", "site"))
    bundle = next((site / "ledger" / "tile" / "entries").rglob("*.*"), None) or next(
        one for one in (site / "ledger" / "tile" / "entries").rglob("*") if one.is_file()
    )
    bundle = bundle if bundle.is_file() else next(one for one in bundle.rglob("*") if one.is_file())
    bundle.write_bytes(bundle.read_bytes().replace(b"released", b"refused!", 1))
    assert verify(site / "ledger" / "verify.py", site / "ledger", key).returncode == 4


def test_what_is_decided_while_it_is_published_is_left_out(
    settings, painter, tmp_path, monkeypatch
):
    with painted_studio(settings, painter) as studio:
        studio.generate("a red fox", seed=1)
        export = log.export

        def export_and_draw(parts, folder):
            exported = export(parts, folder)
            studio.generate("a red fox", seed=2)
            return exported

        with monkeypatch.context() as patched:
            patched.setattr(site.log, "export", export_and_draw)
            exported = site.publish(studio.parts, tmp_path / "site", Period())
    lines = (tmp_path / "site" / "data" / "decisions.jsonl").read_text().splitlines()
    positions = [json.loads(one)["position"] for one in lines]
    assert len(positions) == 1
    assert positions[0] < exported.checkpoint.num_entries


def test_nobodys_name_leaves(limner, label):
    limner("publish", "site")
    texts = [one.read_bytes() for one in Path("site").rglob("*") if one.is_file()]
    assert not any(b"design team" in one for one in texts)  # owns the model


def test_no_prompt_leaves_unless_it_is_asked_for(limner, label):
    limner("publish", "site")
    texts = [one.read_bytes() for one in Path("site").rglob("*") if one.is_file()]
    assert not any(b"wombat" in one or b"red fox" in one for one in texts)
    limner("publish", "open", "--with-prompts")
    assert "a purple wombat" in Path("open/decisions-1.html").read_text()


def test_a_pack_holds_the_entries_of_its_period(limner, label):
    result = limner(
        "publish", "pack.zip", "--since", "2026-01-01T02:00", "--until", "2026-01-01T02:30"
    )
    assert result.exit_code == 0
    with zipfile.ZipFile("pack.zip") as archive:
        lines = archive.read("data/decisions.jsonl").decode().splitlines()
        assert "ledger/verify.py" in archive.namelist()
    assert len(lines) == 31


def test_a_day_alone_is_in_the_period_to_its_end(limner, label):
    result = limner("publish", "pack.zip", "--since", "2026-01-01", "--until", "2026-01-01")
    assert result.exit_code == 0
    with zipfile.ZipFile("pack.zip") as archive:
        lines = archive.read("data/decisions.jsonl").decode().splitlines()
    limner("publish", "whole.zip")
    with zipfile.ZipFile("whole.zip") as archive:
        assert lines == archive.read("data/decisions.jsonl").decode().splitlines() != []


def test_a_last_day_is_meant_to_its_end():
    late = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    period = Period(until=moment_of("--until", "2026-01-31", is_end=True))
    assert (period.has(late), period.has(late + timedelta(seconds=1))) == (True, False)
    exact = Period(until=moment_of("--until", "2026-01-31T00:00", is_end=True))
    assert not exact.has(late)


@pytest.mark.parametrize(
    "arguments",
    [
        ("site", "--since", "soon"),
        ("site", "--since", "0001-01-01T00:00+05:00"),
        ("site", "--since", "2026-02-01", "--until", "2026-01-01"),
    ],
)
def test_what_cannot_be_published_is_refused_and_leaves_nothing(limner, label, arguments):
    result = limner("publish", *arguments)
    assert result.exit_code == 2
    assert list(Path().iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(limner, label):
    Path("site").mkdir()
    result = limner("publish", "site")
    assert (result.exit_code, list(Path("site").iterdir())) == (2, [])


def test_an_empty_ledger_is_said_to_be_empty(limner):
    result = limner("publish", "site")
    assert result.exit_code == 2
    assert "nothing was stored yet" in result.stderr
