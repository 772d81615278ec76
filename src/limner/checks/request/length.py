"""Length: whether the generator reads the whole prompt.

It counts with what it is given, so it knows no tokenizer and no generator.
"""

from __future__ import annotations

from collections.abc import Callable

from limner.core.judging import Better, CheckCard, Finding, Limits
from limner.core.records import Request


class Length:
    """Tokens of the longer one of prompt and negative prompt, as a share of what is read.

    Args:
        count_tokens: of a text, as the generator reads it.
        max_tokens: that the generator reads.
    """

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._max_tokens = max_tokens

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CheckCard(
            name="length",
            version="1",
            question="Does the generator read the whole prompt?",
            better=Better.LOWER,
            limits=Limits(pass_at=1.0, fail_at=1.0),
        )

    def measure(self, request: Request) -> Finding:
        """Count both prompts."""
        num_tokens = max(map(self._count_tokens, (request.prompt, request.negative)))
        too_long = f"The prompt has {num_tokens} tokens; the generator reads {self._max_tokens}."
        return Finding(
            score=num_tokens / self._max_tokens,
            notes=(too_long,) if num_tokens > self._max_tokens else (),
            details={"tokens": num_tokens, "tokens_read": self._max_tokens},
        )
