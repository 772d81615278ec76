from limner.checks.request.rights import Rights
from limner.checks.runner import judge
from limner.core.judging import Verdict
from limner.core.records import Request


def register(text: str) -> str | None:
    return "style 7" if "jane doe" in text else None


def test_a_prompt_that_names_nothing_opted_out_passes():
    assert judge(Rights(register), Request(prompt="a fox")).verdict is Verdict.PASS


def test_a_prompt_that_names_an_opted_out_style_fails():
    result = judge(Rights(register), Request(prompt="a fox like jane doe"))
    assert result.verdict is Verdict.FAIL


def test_the_entry_is_kept_with_the_result():
    result = judge(Rights(register), Request(prompt="a fox like jane doe"))
    assert result.details == {"entry": "style 7"}


def test_a_register_that_cannot_be_asked_is_no_pass():
    def broken(text: str) -> str | None:
        raise OSError

    assert judge(Rights(broken), Request(prompt="a fox")).verdict is Verdict.ERROR
