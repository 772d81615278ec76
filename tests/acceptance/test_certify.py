"""`limner criteria certify` on the example of docs/thresholds.md, as a person would run it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from limner.studio.criteria_file import shipped_text

PAGE = Path(__file__).parents[2] / "docs" / "thresholds.md"
TARGET = "target: {precision: 0.97, recall: 0.8, confidence: 0.95}\n    check: nsfw\n"


def block(language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]


@pytest.fixture
def example(limner, tmp_path):
    """The page's labels and criteria in the folder the command runs in."""
    made = subprocess.run(
        [sys.executable, "-c", block("python")], capture_output=True, text=True, check=True
    )
    folder = tmp_path / "here"
    (folder / "labels.csv").write_text(made.stdout)
    (folder / "few.csv").write_text("\n".join(made.stdout.splitlines()[:61]))
    (folder / "ours.yaml").write_text(shipped_text("team").replace("check: nsfw\n", TARGET))
    return limner


def certify(limner, *options):
    return limner("criteria", "certify", "decent", "--criteria", "ours.yaml", *options)


def test_the_page_shows_what_is_printed(example):
    printed = certify(example, "--labels", "labels.csv", "--write")
    assert printed.exit_code == 0, printed.stderr
    assert f"{printed.stdout}" in PAGE.read_text()


def test_too_few_labels_are_an_answer_with_an_exit_code_of_its_own(example):
    printed = certify(example, "--labels", "few.csv", "--write")
    assert printed.exit_code == 3
    assert "NOT CERTIFIABLE" in printed.stdout
    assert not Path("ours.certified.yaml").exists()


def test_what_was_written_is_checked_and_explained(example):
    certify(example, "--labels", "labels.csv", "--write")
    assert "nothing wrong" in example("criteria", "check", "ours.certified.yaml").stdout
    said = example("criteria", "explain", "ours.certified.yaml").stdout
    assert "pass at 0.289158" in said
    assert "certified on 2026-01-01 from 1,200 labels" in said


def test_an_expired_certificate_is_told(example):
    certify(example, "--labels", "labels.csv", "--write")
    copy = Path("ours.certified.yaml")
    document = yaml.safe_load(copy.read_text())
    certified = next(one for one in document["criteria"] if one["id"] == "decent")
    certified["certified"]["card_sha256"] = "sha256:" + "0" * 64
    copy.write_text(yaml.safe_dump(document))
    checked = example("criteria", "check", "ours.certified.yaml", "--json")
    assert json.loads(checked.stdout)["expired_certificates"] == ["decent"]
    assert "EXPIRED" in example("criteria", "explain", "ours.certified.yaml").stdout


def test_programs_get_one_json_object(example):
    document = json.loads(certify(example, "--labels", "labels.csv", "--json").stdout)
    assert document["is_certified"] is True
    assert document["limits"] == {"pass_at": 0.289158, "fail_at": 0.8}
    assert document["certificate"]["num_labels"] == 1200


def test_a_wrong_label_is_one_sentence(example):
    Path("labels.csv").write_text("score,label\n0.5,maybe\n")
    refused = certify(example, "--labels", "labels.csv")
    assert refused.exit_code == 2
    assert "the label 'maybe' in row 1" in refused.stderr
