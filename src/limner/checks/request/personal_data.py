"""Personal data: e-mail addresses, phone numbers, card numbers and IBANs in a text.

It knows forms and check digits, not people: a name or a street is not seen. Numbers that happen to
be well formed are found too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from limner.core.judging import Better, CheckCard, Finding, Limits
from limner.core.records import Request

REGIONS = ("US", "GB", "DE", "FR")  # whose national phone numbers are known without a +

_EMAIL = re.compile(
    r"[\w.+%-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[a-z0-9-]{1,63}"
    r"(?:\s?(?:\.|\(dot\)|\[dot\])\s?[a-z0-9-]{1,63}){0,6}"
    r"\s?(?:\.|\(dot\)|\[dot\])\s?[a-z]{2,24}\b",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<!\d)[2-6](?:[ -]?\d){12,18}(?!\d)")
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]){11,30}\b", re.IGNORECASE)

CARD = CheckCard(
    name="personal-data",
    version="1",
    question="Is the prompt free of e-mail addresses, phone, card and account numbers?",
    better=Better.LOWER,
    limits=Limits(pass_at=0.0, fail_at=1.0),
)


class PersonalData:
    """How many kinds of personal data the request's texts hold.

    Args:
        regions: ISO 3166 codes of the countries whose national phone numbers are looked for.
    """

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        self._regions = regions

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CARD

    def measure(self, request: Request) -> Finding:
        """Look through prompt and negative prompt; notes name kinds, never the data."""
        kinds = find_personal_data(f"{request.prompt}\n{request.negative}", self._regions)
        return Finding(
            score=float(len(kinds)), notes=tuple(f"The prompt holds {kind}." for kind in kinds)
        )


def find_personal_data(text: str, regions: Sequence[str] = REGIONS) -> tuple[str, ...]:
    """The kinds of personal data in a text, each in words; empty if there is none."""
    plain = "".join(
        one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf"
    )
    found = {
        "an e-mail address": _EMAIL.search(plain) is not None,
        "a card number": any(has_luhn_digit(one) for one in _CARD.findall(plain)),
        "an IBAN": any(_has_iban(one) for one in _IBAN.findall(plain)),
        "a phone number": _has_phone_number(plain, regions),
    }
    return tuple(kind for kind, is_there in found.items() if is_there)


def has_luhn_digit(number: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    digits = [int(one) for one in reversed(number) if one.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def has_iban_digits(number: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616; ISO/IEC 7064, MOD 97-10)."""
    bare = number.replace(" ", "").upper()
    turned = bare[4:] + bare[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _has_iban(found: str) -> bool:
    """Words may follow the number, so every ending at a space is tried."""
    parts = found.split(" ")
    ends = (" ".join(parts[:count]) for count in range(len(parts), 0, -1))
    return any(15 <= len(one.replace(" ", "")) <= 34 and has_iban_digits(one) for one in ends)


def _has_phone_number(text: str, regions: Sequence[str]) -> bool:
    if sum(one.isdigit() for one in text) < 7:  # shorter ones are nobody's
        return False
    import phonenumbers

    return any(
        phonenumbers.PhoneNumberMatcher(text, region).has_next() for region in (None, *regions)
    )
