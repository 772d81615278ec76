"""What `limner criteria explain` says is what is done."""

import pytest

from limner.studio.criteria_file import SHIPPED, shipped_text
from limner.studio.criteria_use import explain

COSTS = "    costs: {false_accept: 10, false_reject: 2, review: 1}\n"


@pytest.fixture
def lines(studio, tmp_path):
    """What is said of a check's criterion in the team's criteria, changed."""

    def explained(check, *added):
        after = f"    check: {check}\n"
        path = tmp_path / "ours.yaml"
        path.write_text(shipped_text("team").replace(after, after + "".join(added)))
        told = list(explain(studio.parts, str(path)).lines)
        first = next(at for at, one in enumerate(told) if f"check {check} version" in one)
        length = next(n for n, one in enumerate(told[first:]) if not one.startswith("    "))
        return "\n".join(told[first : first + length])

    return explained


def test_costs_of_a_calibrated_check_are_told_as_bands(lines):
    told = lines("prompt-fit", COSTS)
    assert "at impact 'low': released below 10.0% chance of being bad, hold above 50.0%" in told
    assert "by its verdict" not in told


def test_costs_of_a_check_without_a_calibrated_probability_are_said_to_decide_nothing(lines):
    told = lines("nsfw", COSTS)
    assert "its costs decide nothing: the check gives no calibrated probability" in told
    assert "chance of being bad" not in told


def test_a_calibrated_check_without_costs_is_said_to_go_by_its_verdict(lines):
    assert "decided by its verdict; costs, were they given" in lines("prompt-fit")
    assert "decided by its verdict" not in lines("nsfw")


def test_a_target_that_is_not_certified_says_what_would(lines):
    told = lines("prompt-fit")
    assert "of what passes at least 90% is good, with 95% confidence" in told
    assert "`limner criteria certify shows-prompt` does" in told


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_criteria_have_no_costs_and_say_so(studio, name):
    assert any("No criterion has costs" in one for one in explain(studio.parts, name).lines)


def test_a_card_says_it_is_calibrated_where_results_have_a_probability(studio):
    cards = studio.parts.judge.cards
    calibrated = {name for name, card in cards.items() if card.is_calibrated}
    assert calibrated == {"prompt-fit", "atoms"}


def test_checking_tells_that_the_day_to_look_again_has_passed(limner, tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(shipped_text("personal").replace("2027-05-31", "2020-01-01"))
    assert (
        "again by 2020-01-01; that day has passed" in limner("criteria", "check", str(path)).stdout
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file: keys with values are needed (it is None)"),
        (b"\xff", "cannot be read: it is not text in UTF-8"),
        (b"a: [1", "expected ',' or ']'"),
    ],
)
def test_a_file_that_holds_no_criteria_is_told_in_words(limner, tmp_path, content, said):
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    told = limner("criteria", "check", str(path)).stderr
    assert said in told
    assert not any(one in told for one in ("_Criteria", "unicode string", "codec", "Errno"))
