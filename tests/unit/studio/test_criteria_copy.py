from dataclasses import replace
from datetime import date

import pytest
import yaml

from limner.core.criteria import Certificate
from limner.core.errors import CriteriaInvalid
from limner.core.judging import Limits
from limner.studio.criteria_copy import write_certified_copy
from limner.studio.criteria_file import SHIPPED, parse_criteria, read_criteria, shipped_text

LIMITS = Limits(pass_at=1e-05, fail_at=0.8)
CERTIFICATE = Certificate(
    certified_on=date(2026, 11, 24), card_sha256="sha256:" + "a" * 64,
    labels_sha256="sha256:" + "b" * 64, num_labels=1200, delta=0.05, pass_at=1e-05, fail_at=None,
    precision=0.97, recall=None, fail_precision=None,
)  # fmt: skip
TARGET = "    target: {precision: 0.97, confidence: 0.95}  # ours\n"
ASKED = shipped_text("team").replace("    check: nsfw\n", TARGET + "    check: nsfw\n")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(ASKED)
    return path


def write(source, tmp_path, limits=LIMITS, certificate=CERTIFICATE):
    return write_certified_copy(str(source), tmp_path, "decent", limits, certificate)


def test_the_copy_says_what_was_certified_and_nothing_else_changed(source, tmp_path):
    copy = write(source, tmp_path)
    before, after = read_criteria(str(source)), read_criteria(str(copy))
    changed = [one for one in after.criteria if one.id == "decent"]
    assert (changed[0].limits, changed[0].certified) == (LIMITS, CERTIFICATE)
    assert [one for one in after.criteria if one.id != "decent"] == [
        one for one in before.criteria if one.id != "decent"
    ]


def test_the_copy_keeps_every_line_with_its_remarks(source, tmp_path):
    lines = write(source, tmp_path).read_text().splitlines()
    added = [line for line in lines if line.strip().startswith(("limits:", "certified:"))]
    assert [line for line in lines if line not in added] == ASKED.splitlines()


def test_the_file_itself_stays_as_it_was(source, tmp_path):
    write(source, tmp_path)
    assert source.read_text() == ASKED


def test_no_copy_is_written_over_another(source, tmp_path):
    first, second = write(source, tmp_path), write(source, tmp_path)
    third = write(second, tmp_path)
    assert [one.name for one in (first, second, third)] == [
        "ours.certified.yaml", "ours.certified-2.yaml", "ours.certified-3.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "old",
    [
        "    limits: {pass_at: 0.1, fail_at: 0.9}  # a remark\n",
        "    limits:\n      pass_at: 0.1\n      fail_at: 0.9  # a remark\n\n    # another\n",
    ],
)
def test_limits_that_were_there_are_replaced(tmp_path, old):
    path = tmp_path / "ours.yaml"
    path.write_text(ASKED.replace(TARGET, old + TARGET))
    copy = write(path, tmp_path)
    assert [one.limits for one in read_criteria(str(copy)).criteria if one.id == "decent"] == (
        [LIMITS]
    )
    assert "# a remark" in copy.read_text()


def test_certifying_again_replaces_the_certificate(source, tmp_path):
    later = replace(CERTIFICATE, certified_on=date(2027, 1, 1))
    copy = write(write(source, tmp_path), tmp_path, certificate=later)
    assert copy.read_text().count("certified_on") == 1
    assert "2027-01-01" in copy.read_text()


def test_criteria_on_one_line_are_changed_too(tmp_path):
    document = yaml.safe_load(ASKED)
    path = tmp_path / "flow.yaml"
    path.write_text(yaml.safe_dump(document, default_flow_style=True))
    copy = write(path, tmp_path)
    assert [one.limits for one in read_criteria(str(copy)).criteria if one.id == "decent"] == (
        [LIMITS]
    )


def test_both_limits_may_be_certified(source, tmp_path):
    both = replace(CERTIFICATE, fail_at=0.8, fail_precision=0.5)
    assert "fail_precision: 0.5" in write(source, tmp_path, certificate=both).read_text()


def test_limits_that_others_take_over_by_an_anchor_are_left_alone(tmp_path):
    anchor = "    limits: &ours {pass_at: 0.1, fail_at: 0.9}\n"
    text = ASKED.replace(TARGET, anchor + TARGET)
    path = tmp_path / "ours.yaml"
    path.write_text(
        text.replace("    check: sharpness\n", "    limits: *ours\n    check: sharpness\n")
    )
    with pytest.raises(CriteriaInvalid):
        write(path, tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_criteria_have_no_target_for_checks_nobody_measured_here(name, tmp_path):
    """So a copy of them with a certificate is refused, whoever calls."""
    assert all(one.certified is None for one in parse_criteria(shipped_text(name), name).criteria)
    with pytest.raises(CriteriaInvalid, match="asks for more than was certified"):
        write(name, tmp_path)
