from unit.checks.drawings import subject
from unit.checks.near_copy.test_check import figure

from limner.checks.near_copy.check import NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprints
from limner.checks.near_copy.recent import NUM_RECENT, Look, near_recent_copy
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.runner import judge
from limner.core.judging import Verdict
from limner.core.records import Picture

FINGERPRINTS = Fingerprints(RefereeViews(Referee(lambda texts: None, num_threads=1)))
PDQ = FINGERPRINTS.take(Picture.of(figure())).pdq


def check_with(*looks: Look) -> NearCopy:
    return near_recent_copy(FINGERPRINTS, lambda limit: looks[:limit])


def test_a_repetition_is_told_with_the_image_it_repeats():
    looks = (Look("sha256:other", "sha256:1", NO_HASH), Look("sha256:first", "sha256:2", PDQ))
    result = judge(check_with(*looks), subject(figure()))
    assert result.verdict is Verdict.FAIL
    assert result.notes == ("The picture is nearly the same as the image sha256:first.",)


def test_the_same_pixels_are_no_copy_of_themselves():
    own = Look("sha256:first", Picture.of(figure()).pixels_sha256, PDQ)
    assert judge(check_with(own), subject(figure())).verdict is Verdict.PASS


def test_another_picture_is_no_repetition():
    check = check_with(Look("sha256:first", "sha256:1", PDQ))
    assert judge(check, subject(figure(200))).verdict is Verdict.PASS


def test_without_images_there_is_nothing_to_repeat():
    assert judge(check_with(), subject(figure())).verdict is Verdict.PASS


def test_so_many_are_asked_for():
    asked = []
    near_recent_copy(FINGERPRINTS, lambda limit: asked.append(limit) or []).measure(
        subject(figure())
    )
    assert asked == [NUM_RECENT]


def test_a_store_that_cannot_be_read_is_an_error_and_no_pass():
    def broken(limit):
        raise OSError

    result = judge(near_recent_copy(FINGERPRINTS, broken), subject(figure()))
    assert result.verdict is Verdict.ERROR
