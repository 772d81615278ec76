from unit.checks.drawings import subject
from unit.checks.near_copy.test_check import figure

from limner.checks.near_copy.check import NearCopy
from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprints
from limner.checks.near_copy.registered import Register, near_registered_copy
from limner.checks.referee import Referee
from limner.checks.referee.views import RefereeViews
from limner.checks.runner import judge
from limner.core.judging import Verdict
from limner.core.records import Picture
from limner.core.rights import RegisteredLook

FINGERPRINTS = Fingerprints(RefereeViews(Referee(lambda texts: None, num_threads=1)))
TAKEN = FINGERPRINTS.take(Picture.of(figure()))
OTHER = bytes(one ^ 0xFF for one in TAKEN.look)
FIGURE = RegisteredLook(7, TAKEN.pdq, TAKEN.look, FINGERPRINTS.taken_with)


def check_with(*registered: RegisteredLook) -> NearCopy:
    return near_registered_copy(FINGERPRINTS, lambda known: Register(0, registered, is_more=False))


def test_a_registered_picture_is_told_with_its_entry():
    result = judge(check_with(FIGURE), subject(figure()))
    assert result.verdict is Verdict.FAIL
    said = "The picture is nearly the same as a picture of entry 7 of the rights register."
    assert result.notes == (said,)


def test_what_was_registered_is_found_on_another_ground():
    on_red = subject(figure(ground=(200, 20, 20)))
    assert judge(check_with(FIGURE), on_red).verdict is Verdict.FAIL


def test_a_look_hash_taken_with_other_files_does_not_count():
    stale = FIGURE._replace(pdq=NO_HASH, taken_with="sha256:other")
    assert judge(check_with(stale), subject(figure())).verdict is Verdict.PASS


def test_pdq_counts_whatever_the_look_hash_was_taken_with():
    stale = FIGURE._replace(taken_with="sha256:other")
    assert judge(check_with(stale), subject(figure())).verdict is Verdict.FAIL


def test_another_picture_passes():
    assert judge(check_with(FIGURE), subject(figure(200))).verdict is Verdict.PASS


def test_with_an_empty_register_every_picture_passes():
    assert judge(check_with(), subject(figure())).verdict is Verdict.PASS


def check_in_turn(*registers: Register) -> tuple[NearCopy, list[object]]:
    """The check by what is read one time after the other, and the states it names."""
    left, named = iter(registers), list[object]()
    return near_registered_copy(
        FINGERPRINTS, lambda known: named.append(known) or next(left)
    ), named


def test_what_is_registered_meanwhile_counts_for_the_next_picture_beside_what_was():
    check, named = check_in_turn(
        Register("one", [FIGURE._replace(entry_id=3, pdq=NO_HASH, look=OTHER)], is_more=False),
        Register("two", [FIGURE], is_more=True),
        Register("two", [], is_more=True),
    )
    assert judge(check, subject(figure())).verdict is Verdict.PASS
    for _ in range(2):
        told = judge(check, subject(figure()))
        assert told.verdict is Verdict.FAIL
        assert told.details["compared"] == 2
    assert named == [None, "one", "two"]


def test_what_the_register_no_longer_names_is_forgotten():
    check, _ = check_in_turn(
        Register("one", [FIGURE], is_more=False), Register("two", [], is_more=False)
    )
    assert judge(check, subject(figure())).verdict is Verdict.FAIL
    assert judge(check, subject(figure())).verdict is Verdict.PASS


def test_a_register_that_could_not_be_read_is_read_again_for_the_next_picture():
    answers = iter([None, Register("one", [FIGURE], is_more=False)])
    check = near_registered_copy(FINGERPRINTS, lambda known: next(answers))
    assert judge(check, subject(figure())).verdict is Verdict.ERROR
    assert judge(check, subject(figure())).verdict is Verdict.FAIL


def test_a_register_that_cannot_be_read_is_an_error_and_no_pass():
    def broken(known):
        raise OSError

    result = judge(near_registered_copy(FINGERPRINTS, broken), subject(figure()))
    assert result.verdict is Verdict.ERROR
