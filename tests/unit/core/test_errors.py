import pytest

from limner.core.errors import BadInput, LimnerError, PromptTooLong, without_folders


def test_an_error_without_a_message_says_its_docstring():
    assert BadInput().message == "What was asked cannot be honoured as it stands."


def test_an_error_has_its_class_code_unless_given_another():
    assert (PromptTooLong().code, BadInput(code="seed_unknown").code) == (
        "prompt_too_long",
        "seed_unknown",
    )


def test_every_error_of_ours_is_a_limner_error():
    assert issubclass(PromptTooLong, BadInput)
    assert issubclass(BadInput, LimnerError)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            "Cannot write '/home/ada/x/a.png': the disk is full.",
            "Cannot write 'a.png': the disk is full.",
        ),
        (
            r"Cannot use 'C:\Users\ada\limner.sqlite3': locked.",
            "Cannot use 'limner.sqlite3': locked.",
        ),
        ("The size is '16/9'; allowed is 256.", "The size is '16/9'; allowed is 256."),
    ],
)
def test_who_asks_is_not_told_where_files_lie(sentence, told):
    assert without_folders(sentence) == told
