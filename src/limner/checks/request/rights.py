"""Rights: whether the request names something that was opted out: a name, a style, a mark.

The register itself is not here; the check asks what it is given.
"""

from __future__ import annotations

from collections.abc import Callable

from limner.core.judging import Better, CheckCard, Finding, Limits
from limner.core.records import Request

CARD = CheckCard(
    name="rights",
    version="1",
    question="Is everything the prompt names free to be drawn?",
    better=Better.LOWER,
    limits=Limits(pass_at=0.0, fail_at=1.0),
)


class Rights:
    """1.0 when prompt or style names what the register does not allow, else 0.0.

    Args:
        find_opted_out: the register's own word for the entry a text names, such as its number;
            ``None`` when it names none. What it returns is kept with the result.
    """

    def __init__(self, find_opted_out: Callable[[str], str | None]) -> None:
        self._find_opted_out = find_opted_out

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CARD

    def measure(self, request: Request) -> Finding:
        """Ask the register about the prompt, and about the style if one was named."""
        entry = self._find_opted_out(request.prompt)
        if entry is None and request.style is not None:
            entry = self._find_opted_out(request.style)
        if entry is None:
            return Finding(score=0.0)
        note = f"The request names what the rights register does not allow ({entry})."
        return Finding(score=1.0, notes=(note,), details={"entry": entry})
