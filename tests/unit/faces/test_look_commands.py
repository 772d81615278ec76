"""``limner look`` says what it goes by that is in doubt."""

from streams import BEGAN, add_incoming

from limner.core.learnt import LearntKind
from limner.store.streams import INCOMING
from limner.studio.studio import Studio
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all


def test_a_label_in_doubt_is_told_before_looking(limner, studio: Studio, photo):
    studio.parts.store.learnt.add(LearntKind.LABEL, "dented", {"tagger": {}}, b"x", BEGAN)
    add_incoming(studio, 110, camera="Pixel 8")
    set_stream_reference(studio.parts, INCOMING, Asked())
    told = limner("look", str(photo), "--processes", "1", "--quiet")
    assert "in doubt" not in told.output
    add_incoming(studio, 12, start=110, camera="EOS R5")
    (watched,) = watch_all(studio.parts)
    assert watched.alarm is not None
    told = limner("look", str(photo), "--processes", "1", "--quiet")
    assert "The label 'dented' is in doubt" in told.output
