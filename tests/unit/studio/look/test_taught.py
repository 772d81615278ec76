"""Labels and normal sets taught on real files, and the looks made with them."""

import io
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as PillowImage

from limner.app import open_looker, wire_parts
from limner.checks.tagger.tagger import Tagger
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.learnt import LearntKind
from limner.core.settings import read_settings
from limner.store.ledger.entries import Kind
from limner.studio.look import inspecting, taught, teaching
from limner.studio.look.looker import Asked
from limner.studio.look.rows import rows_of
from limner.studio.look.run import begin_look, look
from limner.studio.look.taught import Taught, learnt_for


def striped(seed, hole=False):
    """Brushed metal, of a kind; with a hole in it or without."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 10, (1, 120)) + rng.normal(0, 6, (120, 120)) + 140
    rgb_HWC = np.clip(grain, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    if hole:
        top, left = rng.integers(20, 80, 2)
        rgb_HWC[top : top + 18, left : left + 18] = (30, 20, 20)
    return PillowImage.fromarray(rgb_HWC)


def write(folder: Path, seeds, hole=False) -> Path:
    folder.mkdir()
    for seed in seeds:
        striped(seed, hole).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory, criteria):
    home = tmp_path_factory.mktemp("home")
    (home / "criteria.yaml").write_text(criteria)
    opened = wire_parts(read_settings(default_home=home, environment={"LIMNER_CRITERIA": "auto"}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tagger():
    return Tagger(num_threads=1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("parts")
    return {
        "good": write(home / "good", range(60)),
        "bad": write(home / "bad", range(100, 124), hole=True),
        "new": write(home / "new", range(200, 203)),
        "holed": write(home / "holed", range(300, 303), hole=True),
    }


def no_fault(fault):
    raise AssertionError(fault.sentence)


@pytest.fixture(scope="module")
def learnt(parts, tagger, folders):
    good, bad = [folders["good"]], [folders["bad"]]
    wanted = inspecting.Wanted(0.1, 0.9)
    plate = inspecting.teach_normal(parts, tagger, "plate", good, bad, wanted, on_fault=no_fault)
    label = teaching.teach_label(
        parts, tagger, "holed", bad, good, teaching.Wanted(0.7, 0.8), on_fault=no_fault
    )
    return {"plate": plate, "holed": label}


@pytest.fixture(scope="module")
def rows(parts, learnt, folders):
    asked = Asked(learnt=learnt_for(parts, ["plate"]))
    opening = partial(open_looker, parts.settings, asked)
    run = begin_look(parts, [folders["new"], folders["holed"]], asked, opening().sha256)
    told = list(look(parts, run, opening, num_processes=1))
    assert {one.fault for one in told} == {None}
    return {Path(row.item.name).stem: row for row in rows_of(parts, run.run_id)}


def test_a_part_with_a_hole_is_anomalous_and_held(rows):
    looked = rows["300"].look
    (found,) = looked.findings.anomalies
    assert (found.normal, found.verdict, looked.outcome) == ("plate", "anomalous", "held")
    assert "differs from the good parts of 'plate'" in looked.reasons[0]["note"]


def test_a_part_like_the_good_ones_is_normal_and_not_held_for_it(rows):
    looked = rows["200"].look
    assert (looked.findings.anomalies[0].verdict, looked.outcome) == ("normal", "released")


def test_a_label_is_told_with_the_version_it_was_learnt_in(rows, learnt):
    found = {name: row.look.findings.labels[0] for name, row in rows.items()}
    assert {one.version for one in found.values()} == {learnt["holed"].version}
    assert found["300"].score > 0.5 > found["200"].score


def test_the_heat_map_is_stored_and_coloured_where_the_hole_is(parts, rows):
    found = rows["301"].look.findings.anomalies[0]
    png = parts.store.looks.heat_map(found.heat_sha256)
    heat = np.asarray(PillowImage.open(io.BytesIO(png)).convert("RGB")).astype(int)
    redness = heat[..., 0] - heat[..., 2]
    rgb = np.asarray(striped(301, hole=True)).astype(int)
    is_hole = np.asarray(
        PillowImage.fromarray(rgb[..., 0] - rgb[..., 1] == 10).resize(redness.shape[::-1])
    )
    assert redness[is_hole].mean() > redness[~is_hole].mean() + 50


def test_what_is_normal_has_no_red_on_its_map(parts, rows):
    found = rows["200"].look.findings.anomalies[0]
    png = parts.store.looks.heat_map(found.heat_sha256)
    heat = np.asarray(PillowImage.open(io.BytesIO(png)).convert("RGB")).astype(int)
    assert (heat[..., 0] - heat[..., 1]).max() < 120


def test_teaching_the_same_again_adds_no_version(parts, tagger, folders, learnt):
    before = len(parts.store.ledger.entries_of(Kind.LEARNT))
    again = teaching.teach_label(
        parts,
        tagger,
        "holed",
        [folders["bad"]],
        [folders["good"]],
        teaching.Wanted(0.7, 0.8),
        on_fault=no_fault,
    )
    assert again.sha256 == learnt["holed"].sha256
    assert len(parts.store.ledger.entries_of(Kind.LEARNT)) == before


def test_the_ledger_knows_a_version_by_its_hash_and_not_by_its_name(parts, learnt):
    (entry,) = parts.store.ledger.entries_of(Kind.LEARNT, subject=learnt["plate"].sha256)
    assert "plate" not in entry.text


def test_a_normal_set_that_is_not_there_is_refused_with_those_that_are(parts, learnt):
    with pytest.raises(BadInput, match=r"no normal set 'plat'; allowed are 'plate'"):
        learnt_for(parts, ["plat"])


def test_what_was_learnt_with_other_weights_is_not_used_and_its_parts_are_held(learnt):
    other = SimpleNamespace(ingredients={"network.bin": "sha256:other"})
    taught = Taught([learnt["plate"]], other)
    assert "teach it anew" in taught.notices[0]
    (reason,) = taught.demands([])
    assert (reason.source, str(reason.consequence)) == ("normal:plate", "hold")


@pytest.fixture(scope="module")
def looked_in_doubt(parts, learnt, folders):
    """A look with a normal set in doubt, of which people are asked about two; its id, what came."""
    found = learnt_for(parts, ["plate"])
    asked = Asked(learnt=found, doubted=found, num_to_ask=2)
    opening = partial(open_looker, parts.settings, asked)
    run = begin_look(parts, [folders["new"], folders["holed"]], asked, opening().sha256)
    return run.run_id, list(look(parts, run, opening, num_processes=1))


def test_what_is_in_doubt_is_unsure_of_every_picture_and_says_so(parts, looked_in_doubt):
    run_id, told = looked_in_doubt
    assert [one.fault for one in told] == [None] * 6
    assert sum(one.num_asked for one in told) == 2
    looks = [row.look for row in rows_of(parts, run_id)]
    assert {one.findings.anomalies[0].verdict for one in looks} == {"unsure"}
    assert {one.findings.labels[0].verdict for one in looks} == {"unsure"}
    assert all("'plate' is in doubt" in " ".join(one.findings.notices) for one in looks)


@pytest.mark.usefixtures("looked_in_doubt")
def test_pictures_that_were_looked_at_before_are_asked_about_too(parts, folders):
    found = learnt_for(parts, ["plate"])
    asked = Asked(learnt=found, doubted=found, num_to_ask=3)  # of which two wait
    opening = partial(open_looker, parts.settings, asked)
    run = begin_look(parts, [folders["new"]], asked, opening().sha256)
    told = list(look(parts, run, opening, num_processes=1))
    assert all(one.is_known for one in told)
    (one,) = [one.image_id for one in told if one.num_asked]
    kept = parts.store.looks.find(one)
    assert sha256_of_bytes(parts.store.looks.read(kept)) == one


def test_a_doubt_makes_a_look_another_one(parts, learnt):
    found = learnt_for(parts, ["plate"])
    sure, doubting = (
        open_looker(parts.settings, Asked(learnt=found, doubted=one)).sha256 for one in ((), found)
    )
    assert sure != doubting


def test_a_label_in_doubt_is_no_measure_for_the_next(parts, tagger, folders, learnt, monkeypatch):
    monkeypatch.setattr(taught, "doubted_among", lambda _parts, hashes: tuple(hashes))
    seen = []
    monkeypatch.setattr(teaching, "require_no_worse", lambda earlier, *_: seen.append(earlier))
    given = [[folders["bad"]], [folders["good"]], teaching.Wanted(0.7, 0.8)]
    teaching.teach_label(parts, tagger, "holed", *given, on_fault=no_fault)
    assert seen == [None]


def test_what_was_learnt_cites_the_cameras_of_its_examples(learnt):
    for one in learnt.values():
        assert one.document["cameras"] == ["unknown camera 120x120"]
        assert one.has_learnt_from("unknown camera")
        assert not one.has_learnt_from("unknown camera 120x12")


def test_a_name_that_is_forgotten_is_in_force_no_longer_and_its_versions_stay(
    parts, tagger, learnt
):
    rows = parts.store.learnt
    now = parts.read_clock()
    kept = rows.add(LearntKind.LABEL, "passing", learnt["holed"].document, b"x", now)
    rows.add(LearntKind.LABEL, "passing", {}, b"", now)
    assert rows.find(LearntKind.LABEL, "passing") is None
    assert "passing" not in {one.name for one in rows.in_force()}
    assert [one.name for one in rows.of_hashes([kept.sha256])] == ["passing"]


def test_what_is_looked_for_decides_which_looks_are_the_same(parts, learnt):
    plain, taught = (
        open_looker(parts.settings, Asked(learnt=one)).sha256
        for one in ((), learnt_for(parts, ["plate"]))
    )
    assert plain != taught
