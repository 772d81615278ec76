"""Looking for words with a service that sees: a real server on this machine, faults included."""

import base64
import io
import json
from contextlib import contextmanager

import numpy as np
import pytest
from http_here import Silent, answering_here, send_json
from PIL import Image as PillowImage

from limner.app import open_looker, open_seer
from limner.core.errors import (
    BadInput,
    EngineFailed,
    GeneratorUnavailable,
    LimnerError,
    ModelFormInvalid,
)
from limner.core.records import Picture
from limner.core.settings import read_settings
from limner.studio.look.looker import Asked, Task
from limner.studio.look.sources import find_items
from limner.studio.look.words import FoundByWords, require_words

WORDS = ("a fox", "a broken bottle")


@contextmanager
def seeing(say, status=200):
    """A service whose answers `say` gives, by the words and the picture that were sent."""
    heard = []

    class Handler(Silent):
        def do_POST(self):
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text, image = sent["messages"][0]["content"]
            jpeg = base64.b64decode(image["image_url"]["url"].partition(",")[2])
            heard.append((self.path, self.headers.get("Authorization"), text["text"], jpeg))
            content = json.dumps(say(text["text"], jpeg)).encode()
            send_json(self, content, status)

    with answering_here(Handler) as port:
        yield f"http://127.0.0.1:{port}/v1", heard


def answering(text):
    return lambda *_: {"choices": [{"message": {"content": text}}]}


def by_colour(_words, jpeg):
    """Says yes to the first line of a red picture and no to that of any other."""
    red, green, _ = np.asarray(PillowImage.open(io.BytesIO(jpeg))).mean(axis=(0, 1))
    return answering(json.dumps({"1": "yes" if red > green else "no", "2": "unsure"}))()


@pytest.fixture
def found_at(tmp_path):
    def find(address, **variables):
        settings = read_settings(default_home=tmp_path, environment=variables)
        asked = Asked(words=WORDS, seer=address, seer_model="eye-1")
        return FoundByWords(open_seer(settings, asked), WORDS)

    return find


def picture(colour):
    return Picture.of(np.full((40, 60, 4), (*colour, 255), np.uint8))


def test_each_of_the_words_has_a_score_and_is_unsure(found_at):
    with seeing(by_colour) as (address, heard):
        found = found_at(address)
        red, green = found(picture((250, 0, 0))), found(picture((0, 250, 0)))
    assert [(one.label, one.score, one.verdict) for one in red] == [
        ("a fox", 1.0, "unsure"),
        ("a broken bottle", 0.5, "unsure"),
    ]
    assert green[0].score == 0.0
    path, key, text, _ = heard[0]
    assert (path, key) == ("/v1/chat/completions", None)
    assert "1. a fox\n2. a broken bottle" in text


def test_the_key_of_its_host_is_sent_and_no_metadata_of_the_picture(found_at):
    with seeing(by_colour) as (address, heard):
        host = address.removeprefix("http://").removesuffix("/v1")
        found_at(address, LIMNER_SERVICE_KEYS=f"{host}=sk-hush")(picture((250, 0, 0)))
    _, key, _, jpeg = heard[0]
    assert key == "Bearer sk-hush"
    assert not PillowImage.open(io.BytesIO(jpeg)).getexif()


@pytest.mark.parametrize(
    "text", ["I see a fox.", '{"1": "yes"}', '{"1": "perhaps", "2": "no"}', "", "{}", "[1]"]
)
def test_another_answer_than_was_asked_for_is_an_error_and_no_score(found_at, text):
    with (
        seeing(answering(text)) as (address, _),
        pytest.raises(EngineFailed, match="does not answer the question"),
    ):
        found_at(address)(picture((250, 0, 0)))


def test_an_answer_with_words_around_it_is_read(found_at):
    with seeing(answering('```json\n{"1": "No", "2": "yes"}\n```')) as (address, _):
        told = found_at(address)(picture((250, 0, 0)))
    assert [one.score for one in told] == [0.0, 1.0]


def test_an_error_is_told_without_the_words(found_at):
    error = {"error": {"message": "cannot find a broken bottle here"}}
    with (
        seeing(lambda *_: error, status=400) as (address, _),
        pytest.raises(LimnerError, match="answered 400") as told,
    ):
        found_at(address)(picture((250, 0, 0)))
    assert "bottle" not in told.value.message


def test_a_service_that_is_not_there_is_asked_once(found_at, monkeypatch):
    with seeing(by_colour) as (address, _):
        pass
    found = found_at(address)
    with pytest.raises(GeneratorUnavailable, match="cannot be reached") as first:
        found(picture((250, 0, 0)))
    monkeypatch.setattr(found._seer, "look_for", None)  # it would raise, were it asked again
    with pytest.raises(GeneratorUnavailable) as second:
        found(picture((0, 250, 0)))
    assert second.value is first.value


def test_other_words_or_another_model_make_another_look(tmp_path):
    settings = read_settings(default_home=tmp_path, environment={})
    here = {"seer": "http://127.0.0.1:9", "seer_model": "eye-1"}
    asked = [
        Asked(),
        Asked(words=("a fox",), **here),
        Asked(words=("a cat",), **here),
        Asked(words=("a fox",), **{**here, "seer_model": "eye-2"}),
    ]
    assert len({open_looker(settings, one).sha256 for one in asked}) == 4


def test_a_look_has_what_was_found_by_words(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    PillowImage.new("RGB", (64, 48), (250, 0, 0)).save(folder / "red.png")
    with seeing(by_colour) as (address, _):
        settings = read_settings(default_home=tmp_path / "home", environment={})
        looker = open_looker(settings, Asked(words=WORDS, seer=address, seer_model="eye-1"))
        (item,) = find_items([folder])
        looked = looker(Task(0, item, 1.0))
    assert [(one.label, one.score) for one in looked.findings.labels] == [
        ("a fox", 1.0),
        ("a broken bottle", 0.5),
    ]


def test_a_picture_that_no_word_was_looked_for_in_is_met_again(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    PillowImage.new("RGB", (64, 48), (250, 0, 0)).save(folder / "red.png")
    settings = read_settings(default_home=tmp_path / "home", environment={})
    (item,) = find_items([folder])
    with seeing(by_colour) as (address, _):
        asked = Asked(words=WORDS, seer=address, seer_model="eye-1")
    fault = open_looker(settings, asked)(Task(0, item, 1.0))
    assert fault.code == "words_not_asked"
    assert "red.png" in fault.sentence


@pytest.mark.parametrize(
    "options",
    [["--find", "a fox"], ["--ask", "http://127.0.0.1:9"], ["--ask-model", "eye-1"]],
)
def test_words_and_whom_to_ask_go_together(limner, photo, options):
    answer = limner("look", str(photo), *options)
    assert (answer.exit_code, "words with a folder, or none" in answer.stderr) == (2, True)


def test_a_key_is_not_sent_over_an_open_line(found_at):
    with pytest.raises(ModelFormInvalid, match="https only"):
        found_at("http://eye.example/v1", LIMNER_SERVICE_KEYS="eye.example=sk-hush")


@pytest.mark.parametrize("words", [[""], ["a\nb"], ["x" * 201], [str(k) for k in range(21)]])
def test_words_that_cannot_be_asked_are_refused(words):
    with pytest.raises(BadInput, match="allowed are"):
        require_words(words)
