"""Facts of model names and of the warning header."""

import pytest

from limner.core.errors import BadInput
from limner.faces.http.compat.naming import (
    MAX_NAMED,
    MAX_WARNING_CHARACTERS,
    require_model,
    unknown_fields,
    warning_header,
)

NAMES = ("painted", "default", "gpt-image-1")


def test_the_model_has_its_own_name_where_none_is_asked():
    assert require_model(None, NAMES) == "painted"


def test_an_alias_is_a_name_of_the_model():
    assert require_model("gpt-image-1", NAMES) == "gpt-image-1"


def test_an_unknown_model_is_refused_with_the_names_there_are():
    with pytest.raises(BadInput, match="'sdxl'; allowed is one of painted, default"):
        require_model("sdxl", NAMES)


def test_nothing_to_warn_of_is_no_header():
    assert warning_header([]) == {}


def test_a_header_holds_plain_characters_whatever_the_caller_wrote():
    header = warning_header(unknown_fields(["a\r\nSet-Cookie: x", "\u2028é"]))
    assert header["Limner-Warning"].isascii()
    assert header["Limner-Warning"].isprintable()


def test_a_header_does_not_grow_with_the_number_of_fields():
    header = warning_header(unknown_fields([f"field{k}" for k in range(1000)]))
    assert f"{1000 - MAX_NAMED} more" in header["Limner-Warning"]
    assert len(header["Limner-Warning"]) <= MAX_WARNING_CHARACTERS
