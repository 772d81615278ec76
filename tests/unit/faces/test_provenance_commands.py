"""The options and commands of provenance, as they are typed."""

import json
import os
from pathlib import Path

import pytest
from painted_limner import WHOLE, painted_studio
from typer.testing import CliRunner

from limner.core.settings import read_settings
from limner.faces.cli import app_for


@pytest.fixture
def limner(home, painter, tmp_path, monkeypatch):
    """The command line of a studio that marks, as by default."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    settings = read_settings(default_home=home, environment={"LIMNER_CRITERIA": str(WHOLE)})

    def run(*arguments):
        return CliRunner().invoke(
            app_for(arguments[0]),
            arguments,
            obj=lambda: painted_studio(settings, painter),
            catch_exceptions=False,
        )

    return run


def generate(limner, *options):
    return limner("generate", "a fox background", "--seed", "1", "--size", "256", *options)


@pytest.mark.parametrize("name", ["fox.png", "fox.jpg", "fox.webp"])
def test_a_drawn_picture_verifies_with_its_mark(limner, name):
    generate(limner, "--out", name)
    ran = limner("verify", name, "--json")
    said = json.loads(ran.stdout)
    assert (said["mark"], said["found_by"]) == ("matches", "credential")
    assert said["mark_value"] == said["claims"]["mark_value"]


def test_a_label_is_drawn_when_asked_for(limner):
    ran = generate(limner, "--label", "--json")
    assert json.loads(ran.stdout)["recipe"]["label"] == ["AI generated", "bottom-right", "medium"]


def test_an_unknown_impact_is_one_sentence(limner):
    ran = generate(limner, "--impact", "vast")
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "Unknown impact 'vast'; allowed are" in ran.stderr


def test_a_sidecar_is_written_beside_the_file(limner, tmp_path):
    generate(limner, "--out", "fox.png")
    ran = limner("sidecar", "fox.png")
    assert (ran.exit_code, ran.stdout) == (0, "fox.c2pa\n")
    assert (tmp_path / "here" / "fox.c2pa").read_bytes()


def test_a_sidecar_is_replaced_only_by_force(limner):
    generate(limner, "--out", "fox.png")
    limner("sidecar", "fox.png")
    assert limner("sidecar", "fox.png").exit_code == 2
    assert limner("sidecar", "fox.png", "--force").exit_code == 0


def test_a_picture_whose_credential_names_no_mark_is_not_said_to_have_lost_one(limner):
    limner("generate", "a fox", "--seed", "1", "--size", "32", "--out", "fox.png")
    ran = limner("verify", "fox.png")
    assert "none found, and its credential names none" in ran.stdout


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".txt"])
def test_a_source_whose_name_lies_about_its_type_is_read_by_its_content(limner, photo, suffix):
    path = photo.rename(photo.with_suffix(suffix))
    assert generate(limner, "--image", str(path)).exit_code == 0


def test_rotating_says_that_marks_and_ledger_have_new_keys(limner):
    generate(limner)
    ran = limner("keys", "rotate")
    assert ran.exit_code == 0
    assert "The ledger and the marks have new keys too." in ran.stderr


def test_a_stored_png_is_exported_as_jpeg_and_verifies_with_its_mark(limner):
    generate(limner, "--out", "fox.png")
    assert limner("export", "fox.png", "--out", "fox.jpg").stdout == "fox.jpg\n"
    said = json.loads(limner("verify", "fox.jpg", "--json").stdout)
    assert (said["state"], said["mark"], said["found_by"]) == ("trusted", "matches", "credential")


def test_what_is_not_stored_cannot_be_exported(limner):
    ran = limner("export", "nothing.png", "--format", "jpeg")
    assert ran.exit_code == 2
    assert "neither an image_id nor a picture file stored here" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("log", "show", "--last", "9" * 22), "equal to 2147483647"),
        (("log", "show", "--kind", "\udcff"), "half a character"),
        (("log", "show", "--subject", "\udcff"), "half a character"),
        (("log", "prove", "9" * 22), "There is no entry 9999999999999999999999;"),
        (("log", "prove", "9" * 5000), "There is no entry 999"),
        (("log", "prove", "\udcff"), "half a character"),
        (("log", "prove", "x", "--kind", "\udcff"), "half a character"),
        (("log", "prove", "x" * 300), "The ledger has no 'image_stored' entry"),
        (("publish", "x" * 300), "cannot be written to"),
    ],
)
def test_what_no_log_can_hold_is_refused_in_one_sentence(limner, arguments, said):
    generate(limner)
    ran = limner(*arguments)
    assert ran.exit_code == 2
    assert said in ran.stderr


def test_a_name_that_is_no_utf_8_is_told_in_json(limner):
    generate(limner, "--out", "fox.png")
    name = os.fsdecode(b"\xfffox.png")
    Path("fox.png").rename(name)
    assert json.loads(limner("verify", name, "--json").stdout)["path"] == name
