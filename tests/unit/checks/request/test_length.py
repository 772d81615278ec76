import pytest

from limner.checks.request.length import Length
from limner.checks.runner import judge
from limner.core.judging import Verdict
from limner.core.records import Request


def num_words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("prompt", "verdict"), [("a red fox", Verdict.PASS), ("a big red fox", Verdict.FAIL)]
)
def test_a_prompt_passes_as_long_as_it_is_read_whole(prompt, verdict):
    assert judge(Length(num_words, 3), Request(prompt=prompt)).verdict is verdict


def test_a_negative_prompt_that_is_too_long_fails():
    request = Request(prompt="a fox", negative="no tail no ears")
    assert judge(Length(num_words, 3), request).verdict is Verdict.FAIL


def test_the_score_is_the_share_of_what_is_read():
    assert Length(num_words, 4).measure(Request(prompt="a red fox")).score == 0.75
