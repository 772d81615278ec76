from limner.core.errors import BadInput, LimnerError, PromptTooLong


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
