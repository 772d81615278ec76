"""Making a suite from a sample of what people asked for here, of those alone who agreed.

Who agreed is named by whoever makes the suite; no name goes into it. Prompts that may hold personal
data are left out, whoever asked for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from limner.checks.runner import judge
from limner.core.errors import BadInput
from limner.core.judging import Verdict
from limner.core.records import Request
from limner.evals.suite import Suite
from limner.store.usage import AskedPrompt, asked_prompts
from limner.studio.parts import Parts
from limner.studio.suite_csv import MAX_ROWS, keep_suite, suite_text_of
from limner.studio.suite_file import parse_suite

PERSONAL = ("personal-data", "terms")  # checks of prompts that a sample's all must pass


class Sample(NamedTuple):
    """A suite that was written.

    Attributes:
        num_prompts: of those who agreed, that it was drawn from.
        num_personal: further ones, left out for what they may hold.
    """

    suite: Suite
    file: Path
    num_prompts: int
    num_personal: int


def write_sample(  # noqa: PLR0913 - what a suite says, and what it is drawn from
    parts: Parts,
    name: str,
    *,
    consenting: Sequence[str],
    num: int,
    seed: int,
    owner: str,
    review_by: str,
    out: Path | None = None,
    overwrite: bool = False,
) -> Sample:
    """Write a suite of prompts drawn by lot, each prompt with its style once.

    Args:
        parts: of the studio.
        name: of the suite.
        consenting: names of requesters who agreed.
        num: prompts to draw; all where there are fewer.
        seed: of the lot.
        owner: who answers for the suite.
        review_by: day it is to be looked at again, ISO.
        out: file to write; ``None`` is ``NAME.yaml`` in the current folder.
        overwrite: replace a file that is there.

    Raises:
        BadInput: nobody agreed, they asked for nothing that can be used, `num` is out of range,
            or a file is there already.
        SuiteInvalid: name, owner or day are not allowed.
        StorageUnavailable: it cannot be written.
    """
    people = [one.strip() for one in consenting if one.strip()]
    if not people:
        raise BadInput("Nobody is named who agreed that their prompts are used.")
    if not 1 <= num <= MAX_ROWS:
        raise BadInput(f"{num} prompts are asked for; allowed are 1 to {MAX_ROWS:,}.")
    with parts.store.reviews.reading() as connection:
        asked = asked_prompts(connection, people)
    usable = [one for one in asked if _is_impersonal(parts, one)]
    if not usable:
        raise BadInput(
            f"Those who agreed asked for {len(asked)} prompts here, none of which can be used."
        )
    chosen = np.random.default_rng(seed).permutation(len(usable))[:num]
    cases = [_case(at + 1, usable[at]) for at in sorted(int(one) for one in chosen)]
    text = suite_text_of(cases, name=name, owner=owner, review_by=review_by)
    suite = parse_suite(text, f"{name!r}")
    file = keep_suite(text, name, out, overwrite=overwrite)
    return Sample(suite, file, len(usable), len(asked) - len(usable))


def _is_impersonal(parts: Parts, asked: AskedPrompt) -> bool:
    """Whether every check on what a prompt may hold passes it; one that is missing does not."""
    request = Request(prompt=asked.prompt)
    checks = parts.judge.request_checks
    return all(
        name in checks and judge(checks[name], request).verdict is Verdict.PASS for name in PERSONAL
    )


def _case(number: int, asked: AskedPrompt) -> dict[str, object]:
    case: dict[str, object] = {"id": f"request-{number}", "prompt": asked.prompt}
    return case | ({"style": asked.style} if asked.style else {})
