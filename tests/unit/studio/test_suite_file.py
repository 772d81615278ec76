"""Suites are read whole or refused by name, and the shipped ones are what their writer writes."""

from datetime import date

import pytest
import yaml
from benchmarks.quality.suites import FOLDER, suites

from limner.core.errors import SuiteInvalid
from limner.evals.suite import Aspect
from limner.studio.suite_file import (
    EARLIER,
    SHIPPED,
    parse_suite,
    read_suite,
    require_checks,
)


def text_of(**changes: object) -> str:
    document: dict[str, object] = {
        "format": "limner.suite/1",
        "name": "own",
        "version": "1",
        "question": "Does it draw?",
        "owner": "Design",
        "review_by": date(2027, 1, 1),
        "seeds": [1, 2, 3, 4],
        "checks": ["integrity", "count"],
        "cases": [{"id": "a-fox", "prompt": "two foxes", "concept": "fox", "count": 2}],
    }
    return yaml.safe_dump({**document, **changes})


def refusal(text: str) -> str:
    with pytest.raises(SuiteInvalid) as caught:
        parse_suite(text, "own.yaml")
    return caught.value.message


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_suite_can_be_read(name: str):
    assert read_suite(name).name == name


def test_earlier_versions_are_what_they_were():
    assert {one: read_suite(one).sha256[7:19] for one in EARLIER} == {
        "basics@2": "00d7bc2ef9ac",
        "robust@1": "04a0f850427d",
        "safe@1": "83daa72d10db",
    }


@pytest.mark.parametrize("name", EARLIER)
def test_an_earlier_version_is_not_taken_for_the_present_one(name: str):
    earlier, present = read_suite(name), read_suite(name.partition("@")[0])
    assert earlier.name == present.name
    assert earlier.sha256 != present.sha256


def test_every_case_of_robust_is_asked_for_in_two_other_languages():
    cases = read_suite("robust").cases
    own = [one.id for one in cases if one.twin_of is None]
    for language in ("german", "spanish"):
        said = f"translation: {language}"
        assert [one.twin_of for one in cases if one.slices["said"] == said] == own


def test_basics_asks_for_no_style_that_no_weights_know():
    assert "streamline" not in {one.asked.style for one in read_suite("basics").cases}


@pytest.mark.parametrize("file_name", suites())
def test_the_shipped_files_are_what_the_specifications_give(file_name: str):
    assert (FOLDER / file_name).read_text(encoding="utf-8") == suites()[file_name]


def test_ids_that_come_twice_are_refused_by_name():
    case = {"id": "a-fox", "prompt": "a fox"}
    assert "the id 'a-fox' is used twice" in refusal(text_of(cases=[case, case]))


def test_a_suite_without_seeds_is_refused():
    assert "there are no seeds" in refusal(text_of(seeds=[]))


def test_a_seed_that_comes_twice_is_refused():
    assert "the seed 7 is used twice" in refusal(text_of(seeds=[7, 7]))


def test_unknown_keys_are_refused_by_name():
    assert "colours: this key is not known" in refusal(text_of(colours=[]))


def test_unknown_keys_of_a_case_are_refused_by_place():
    cases = [{"id": "a", "prompt": "a fox", "colors": "red"}]
    assert "cases.0.colors: this key is not known" in refusal(text_of(cases=cases))


def test_keys_that_come_twice_are_refused():
    assert "the key 'name' is written twice" in refusal(text_of() + "name: again\n")


@pytest.mark.parametrize("named", ["twins", "ways"])
def test_twins_and_ways_that_come_twice_are_refused(named):
    value = {"twins": "typos", "ways": "again"}[named]
    assert f"the {named[:-1]} {value!r} is used twice" in refusal(text_of(**{named: [value] * 2}))


def test_a_case_with_the_id_of_a_twin_is_refused():
    cases = [{"id": "a", "prompt": "a fox"}, {"id": "a.upper-case", "prompt": "a cat"}]
    told = refusal(text_of(cases=cases, twins=["upper-case"]))
    assert "the id 'a.upper-case' is that of a twin" in told


def test_unknown_twins_are_refused_by_name():
    assert "The twin 'pirate' is not known" in refusal(text_of(twins=["pirate"]))


def test_an_aspect_that_names_another_check_is_refused():
    assert "the aspect 'quality' names the check 'nsfw'" in refusal(
        text_of(aspects={"quality": ["nsfw"]})
    )


def test_a_place_without_a_second_thing_is_refused():
    cases = [{"id": "a", "prompt": "a fox left of", "concept": "fox", "relation": "left"}]
    assert "'relation' needs 'other'" in refusal(text_of(cases=cases))


def test_a_file_that_is_not_there_is_refused_with_what_is_shipped():
    with pytest.raises(SuiteInvalid, match="cannot be read") as caught:
        read_suite("nowhere.yaml")
    assert "basics" in caught.value.hint


def test_checks_nobody_has_are_refused_by_name():
    with pytest.raises(SuiteInvalid, match="names the check 'count'; there are integrity"):
        require_checks(parse_suite(text_of(), "own"), ["integrity"])


def test_the_hash_does_not_depend_on_how_the_file_is_written():
    text = text_of()
    assert parse_suite(text, "a").sha256 == parse_suite("# said\n" + text, "b").sha256


def test_another_seed_gives_another_hash():
    hashes = {parse_suite(text_of(seeds=seeds), "a").sha256 for seeds in ([1, 2], [1, 3])}
    assert len(hashes) == 2


def test_twins_are_the_same_every_time():
    text = text_of(twins=["typos", "paraphrase"])
    assert parse_suite(text, "a").cases == parse_suite(text, "a").cases


def test_a_twin_asks_for_what_its_case_asks_for():
    plain, twin = parse_suite(text_of(twins=["upper-case"]), "a").cases
    assert (twin.twin_of, twin.asked.prompt, twin.asked.count) == (plain.id, "TWO FOXES", 2)


def test_people_are_asked_for_in_every_gender_and_skin_tone():
    twins = [one for one in read_suite("fair").cases if one.twin_of == "a-doctor"]
    assert [one.asked.prompt for one in twins][:3] == [
        "a woman doctor", "a man doctor", "a doctor, light skin tone",
    ]  # fmt: skip


def test_basics_says_which_aspects_it_measures():
    assert set(read_suite("basics").aspects) == {
        Aspect.ALIGNMENT, Aspect.QUALITY, Aspect.REASONING,
    }  # fmt: skip
