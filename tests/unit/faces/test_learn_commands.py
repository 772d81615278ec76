"""`limner look teach`, `normal`, `learnt`, `forget`: what they print, refuse and end with."""

import json

import learnt_examples
import numpy as np
import pytest
from PIL import Image as PillowImage
from streams import BEGAN, add_incoming
from typer.testing import CliRunner

from limner.app import Studio
from limner.core.learnt import LearntKind
from limner.faces.cli import app_for
from limner.store.streams import INCOMING
from limner.studio import review
from limner.studio.look.teaching import Wanted, learn_label
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all


@pytest.fixture
def limner(tmp_path, monkeypatch):
    """Run a command in a data folder of its own, on one core: there is little to learn from."""
    monkeypatch.setenv("LIMNER_NUM_THREADS", "1")

    def run(*words):
        home = tmp_path / "home"
        asked = [str(one) for one in words]
        return CliRunner().invoke(app_for(asked[0]), asked, obj=lambda: Studio(home))

    return run


@pytest.fixture
def doubted(limner, tmp_path):
    """A label that pictures of another camera have put in doubt."""
    with Studio(tmp_path / "home") as studio:
        kinds = learnt_examples.kinds(30, 2.0)
        line, facts = learn_label(kinds, learnt_examples.TAGGER, Wanted())
        rows = studio.parts.store.learnt
        rows.add(LearntKind.LABEL, "dented", facts.to_document(), line.to_bytes(), BEGAN)
        add_incoming(studio, 110, camera="Pixel 8")
        set_stream_reference(studio.parts, INCOMING, Asked())
        add_incoming(studio, 11, start=110, camera="EOS R5")
        watch_all(studio.parts)
    return "dented"


def test_what_is_in_doubt_is_listed_so(limner, doubted):
    (listed,) = limner("look", "learnt", "--json").stdout.splitlines()
    assert json.loads(listed)["in_doubt"]
    assert "The label 'dented' is in doubt" in limner("look", "learnt").stdout


@pytest.fixture
def folders(tmp_path):
    """Twenty noisy red pictures, and twenty noisy green ones."""
    rng = np.random.default_rng(0)
    for channel, name in enumerate(("red", "green")):
        (tmp_path / name).mkdir()
        for number in range(20):
            rgb_HWC = rng.integers(0, 90, (64, 64, 3), np.uint8)
            rgb_HWC[..., channel] += 150
            PillowImage.fromarray(rgb_HWC).save(tmp_path / name / f"{number}.png")
    return tmp_path / "red", tmp_path / "green"


def test_a_label_is_learnt_listed_and_forgotten(limner, folders):
    red, green = folders
    taught = limner("look", "teach", "red", "--yes", red, "--no", green)
    assert taught.exit_code == 3  # ten held-out pictures certify nothing
    assert "not certifiable for 95.0%; said of none. About" in taught.stdout
    (listed,) = limner("look", "learnt", "--json").stdout.splitlines()
    told = json.loads(listed)
    assert (told["recall"]["num"], told["in_doubt"]) == (10, False)
    assert limner("look", "forget", "red").exit_code == 0
    assert limner("look", "learnt", "--json").stdout == ""


def test_what_people_answer_about_doubtful_pictures_teaches_the_next_version(
    limner, folders, tmp_path
):
    red, green = folders
    limner("look", "teach", "red", "--yes", red, "--no", green)
    came_in, doubtful = tmp_path / "in", tmp_path / "unsure.csv"
    came_in.mkdir()
    for number in range(2):
        rgb_HWC = np.random.default_rng(90 + number).integers(0, 90, (64, 64, 3), np.uint8)
        PillowImage.fromarray(rgb_HWC + np.uint8([150, 0, 0])).save(came_in / f"{number}.png")
    limner("look", came_in, "--processes", "1", "--quiet")
    assert limner("look", "unsure", "red", "--out", doubtful).exit_code == 0
    head, *lines = doubtful.read_text().splitlines()
    assert (head, len(lines)) == ("picture,score,answer", 2)
    doubtful.write_text(f"{head}\n{lines[0]}yes\n")
    with Studio(tmp_path / "home") as studio:  # the other one on the desk
        for view in review.list_cards(studio.parts, "rob"):
            if not lines[0].startswith(view.incoming.source):
                review.claim(studio.parts, view.card.card_id, "rob")
                review.answer_card(studio.parts, view.card.card_id, "rob", "accept")
    again = limner(
        "look", "teach", "red", "--yes", red, "--no", green, "--answers", doubtful, "--reviewed",
        "--json",
    )  # fmt: skip
    assert json.loads(again.stdout)["num_yes"] == 11


def test_too_few_pictures_are_refused_before_anything_is_learnt(limner, folders):
    red, green = folders
    (green / "0.png").unlink()
    refused = limner("look", "teach", "red", "--yes", red, "--no", green)
    assert refused.exit_code == 2
    assert "--no has 19 different pictures; allowed are 20 or more" in refused.stderr


def test_a_folder_that_is_not_there_is_refused(limner, folders, tmp_path):
    refused = limner("look", "normal", "plate", "--good", tmp_path / "nowhere")
    assert (refused.exit_code, "There is nothing at" in refused.stderr) == (2, True)


def test_forgetting_what_was_never_taught_is_refused_with_what_there_is(limner):
    refused = limner("look", "forget", "blue")
    assert (refused.exit_code, "no label 'blue'; allowed are none" in refused.stderr) == (2, True)


def test_looking_by_a_normal_set_that_is_not_there_is_refused(limner, folders):
    refused = limner("look", folders[0], "--normal", "plate")
    assert (refused.exit_code, "no normal set 'plate'" in refused.stderr) == (2, True)
