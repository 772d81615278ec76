"""Facts of watching pictures that come in: a reference of one camera, then another camera."""

import numpy as np
from streams import BEGAN, add_incoming, add_stream

from limner.core.learnt import Learnt, LearntKind
from limner.core.watching import Method
from limner.store.ledger.entries import Kind
from limner.store.streams import INCOMING
from limner.studio.look.taught import doubted_among
from limner.studio.studio import Studio
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all


def watched_after(studio: Studio, num: int, camera: str):
    add_incoming(studio, 110, camera="Pixel 8")
    set_stream_reference(studio.parts, INCOMING, Asked(num_last=110, window=50))
    images = add_incoming(studio, num, start=110, camera=camera)
    (watched,) = watch_all(studio.parts)
    return watched, images


def test_the_reference_knows_the_camera(studio: Studio):
    add_incoming(studio, 110, camera="Pixel 8")
    reference = set_stream_reference(studio.parts, INCOMING, Asked())
    assert (reference.num_images, reference.basis.cameras) == (110, ("Pixel 8 640x480",))
    assert reference.basis.model == ""


def test_pictures_of_the_same_camera_raise_nothing(studio: Studio):
    watched, _ = watched_after(studio, 60, "Pixel 8")
    assert watched.readings
    assert watched.alarm is None


def test_pictures_of_another_camera_are_an_alarm_with_examples(studio: Studio):
    watched, images = watched_after(studio, 12, "EOS R5")
    assert watched.alarm is not None
    (change,) = watched.alarm.changes
    assert change.measure == "basis.camera"
    assert "EOS R5 640x480" in change.note
    assert change.examples == tuple(images[:6])
    assert {one.method for one in watched.alarm.readings} == {Method.REVALIDATION}


def measures_in_alarm(studio: Studio, before: dict, after: dict) -> set[str]:
    add_incoming(studio, 110, **before)
    set_stream_reference(studio.parts, INCOMING, Asked(num_last=110, window=50, run_length=1000))
    add_incoming(studio, 50, start=110, **after)
    (watched,) = watch_all(studio.parts)
    return {one.measure for one in watched.readings if one.verdict == "alarm"}


def test_pictures_that_look_otherwise_are_an_alarm(studio: Studio):
    assert measures_in_alarm(studio, {"dark_rows": 0}, {"dark_rows": 3}) == {"pictures"}


def test_pictures_of_other_things_are_an_alarm(studio: Studio):
    assert measures_in_alarm(studio, {"tag": "screw"}, {"tag": "tabby"}) == {"tag"}


def test_pictures_that_look_the_same_raise_nothing(studio: Studio):
    usual = {"dark_rows": 2, "tag": "screw"}
    assert measures_in_alarm(studio, usual, usual) == set()


def learn(studio: Studio, name: str, *cameras: str) -> Learnt:
    rows = studio.parts.store.learnt
    document = {"tagger": {}, "cameras": list(cameras)}
    return rows.add(LearntKind.LABEL, name, document, name.encode(), BEGAN)


def test_another_camera_puts_what_was_learnt_in_doubt(studio: Studio):
    label = learn(studio, "dented")
    watched, _ = watched_after(studio, 12, "EOS R5")
    assert watched.alarm is not None
    assert watched.alarm.done.ended == (label.sha256,)
    entries = studio.parts.store.ledger.entries_of(Kind.EVIDENCE_ENDED, subject=label.sha256)
    assert len(entries) == 1
    later = learn(studio, "scratched")
    hashes = [label.sha256, later.sha256]
    assert doubted_among(studio.parts, hashes) == (label.sha256,)


def test_what_learnt_from_pictures_of_the_other_camera_too_is_not_in_doubt(studio: Studio):
    both = learn(studio, "dented", "EOS R5 640x480", "Pixel 8 640x480")
    size = learn(studio, "scratched", "EOS R5 8192x5464", "Pixel 8 640x480")
    watched, _ = watched_after(studio, 12, "EOS R5")
    assert watched.alarm is not None
    assert watched.alarm.done.ended == (size.sha256,)
    assert doubted_among(studio.parts, [both.sha256, size.sha256]) == (size.sha256,)


def test_the_same_camera_puts_nothing_in_doubt(studio: Studio):
    label = learn(studio, "dented")
    watched_after(studio, 60, "Pixel 8")
    assert doubted_among(studio.parts, [label.sha256]) == ()


def test_an_alarm_about_a_model_puts_nothing_learnt_in_doubt(studio: Studio):
    label = learn(studio, "dented")
    normal = np.random.default_rng(1).normal(size=260)
    add_stream(studio, normal[:200])
    set_stream_reference(studio.parts, studio.card.name, Asked(num_last=200, window=50))
    add_stream(studio, normal[200:] + 3.0, start=200)
    (watched,) = watch_all(studio.parts)
    assert watched.alarm is not None
    assert doubted_among(studio.parts, [label.sha256]) == ()


def test_an_alarm_of_incoming_pictures_pauses_no_model_and_says_so(studio: Studio):
    watched, _ = watched_after(studio, 12, "EOS R5")
    assert watched.alarm is not None
    assert watched.alarm.done.paused == ""
    assert "Nothing here draws this stream" in watched.alarm.done.not_paused
