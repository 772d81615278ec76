"""Suites of past requests: of those alone who agreed, by lot, without what names a person."""

from datetime import timedelta

import pytest

from limner.core.errors import BadInput, SuiteInvalid
from limner.core.records import Request
from limner.studio.generate import generate
from limner.studio.suite_file import read_suite
from limner.studio.suite_requests import write_sample


@pytest.fixture
def ask(registry):
    """Somebody asks for pictures of some prompts."""

    def ask(name: str, *prompts: str, **asked: object) -> None:
        for prompt in prompts:
            registry.now += timedelta(seconds=1)
            request = Request(prompt=prompt, seed=1, **asked)
            list(generate(registry.parts.for_requester(name), request, "png"))

    return ask


@pytest.fixture
def sample(registry, tmp_path):
    """Draw a suite of what these people asked for."""

    def sample(*people: str, num: int = 10, **said: object):
        values = {"seed": 0, "owner": "Design", "review_by": "2027-01-01"} | said
        file = tmp_path / f"{len(list(tmp_path.glob('*.yaml')))}.yaml"
        return write_sample(registry.parts, "ours", consenting=people, num=num, out=file, **values)

    return sample


def prompts(found) -> set[str]:
    return {case.asked.prompt for case in read_suite(str(found.file)).cases}


def test_only_those_who_agreed_are_in_it(ask, sample):
    ask("ann", "a fox", "a bear")
    ask("bob", "a secret ship")
    found = sample("ann")
    assert prompts(found) == {"a fox", "a bear"}
    assert "ann" not in found.file.read_text()


def test_a_prompt_is_in_it_once_with_its_style(ask, sample):
    ask("ann", "a fox", "a fox", style="plain")
    found = sample("ann")
    assert [(one.asked.prompt, one.asked.style) for one in found.suite.cases] == [
        ("a fox", "plain")
    ]


def test_what_may_name_a_person_is_left_out(ask, sample):
    ask("ann", "a fox", "a card for jane.doe@example.org")
    found = sample("ann")
    assert (prompts(found), found.num_personal) == ({"a fox"}, 1)


def test_the_same_lot_draws_the_same(ask, sample):
    ask("ann", *(f"thing {letter}" for letter in "abcdefgh"))
    lots = [prompts(sample("ann", num=3, seed=seed)) for seed in (1, 1, 2)]
    assert [len(one) for one in lots] == [3, 3, 3]
    assert lots[0] == lots[1] != lots[2]


@pytest.mark.parametrize("people", [(), (" ",), ("nobody",)])
def test_without_anybody_who_agreed_there_is_none(ask, sample, people):
    ask("ann", "a fox")
    with pytest.raises(BadInput, match="agreed"):
        sample(*people)


@pytest.mark.parametrize(
    ("said", "kind"), [({"num": 0}, BadInput), ({"review_by": "soon"}, SuiteInvalid)]
)
def test_what_is_not_allowed_is_refused(ask, sample, said, kind):
    ask("ann", "a fox")
    with pytest.raises(kind):
        sample("ann", **said)
