"""Facts of watching pictures that come in: a reference of one camera, then another camera."""

from streams import add_incoming

from limner.core.watching import Method
from limner.store.streams import INCOMING
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


def test_an_alarm_of_incoming_pictures_pauses_no_model_and_says_so(studio: Studio):
    watched, _ = watched_after(studio, 12, "EOS R5")
    assert watched.alarm is not None
    assert watched.alarm.done.paused == ""
    assert "Nothing here draws this stream" in watched.alarm.done.not_paused
