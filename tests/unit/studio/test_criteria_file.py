import pytest
import yaml

from limner.app import open_judge
from limner.checks.near_copy.registered import Register
from limner.core.criteria import Consequence
from limner.core.errors import CriteriaInvalid
from limner.core.settings import read_settings
from limner.studio.criteria_file import (
    SHIPPED,
    criteria_in_force,
    parse_criteria,
    require_known_checks,
    shipped_text,
)


def nothing_opted_out(text: str) -> None:
    return None


def nothing_recent(limit: int) -> list:
    return []


def nothing_registered(known: object) -> Register:
    return Register(0, [], is_more=False)


def changed(**changes) -> str:
    """The shipped personal criteria with other top-level values; ``None`` leaves a key out."""
    document = yaml.safe_load(shipped_text("personal")) | changes
    return yaml.safe_dump({key: value for key, value in document.items() if value is not None})


def with_first(**changes) -> str:
    criteria = yaml.safe_load(shipped_text("personal"))["criteria"]
    return changed(criteria=[criteria[0] | changes, *criteria[1:]])


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_criteria_name_checks_that_are_there(name, tmp_path):
    settings = read_settings(default_home=tmp_path, environment={"LIMNER_CRITERIA": name})
    judge = open_judge(
        settings, nothing_opted_out, read_recent=nothing_recent, read_register=nothing_registered
    )
    assert judge.fault == ""
    assert judge.criteria is not None
    assert judge.criteria.name == name


def test_criteria_that_ask_for_recent_images_are_refused_where_nobody_knows_them(tmp_path):
    settings = read_settings(default_home=tmp_path, environment={"LIMNER_CRITERIA": "team"})
    judge = open_judge(settings, nothing_opted_out, read_register=nothing_registered)
    assert "near-copy-recent" in judge.fault


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_criteria_are_refused_where_nobody_knows_the_register(name, tmp_path):
    settings = read_settings(default_home=tmp_path, environment={"LIMNER_CRITERIA": name})
    judge = open_judge(settings, nothing_opted_out, read_recent=nothing_recent)
    assert "near-copy-registered" in judge.fault


@pytest.mark.parametrize("name", SHIPPED)
def test_a_near_copy_of_a_registered_picture_is_left_to_a_person(name):
    by_check = {one.check: one for one in parse_criteria(shipped_text(name), name).criteria}
    assert by_check["near-copy-registered"].fail is Consequence.HOLD


@pytest.mark.parametrize("name", SHIPPED)
def test_a_prompt_in_another_language_brings_a_warning(name):
    by_check = {one.check: one for one in parse_criteria(shipped_text(name), name).criteria}
    assert by_check["language"].fail is Consequence.WARN


def test_a_file_in_the_data_folder_goes_before_the_shipped_one(tmp_path):
    (tmp_path / "criteria.yaml").write_text(changed(name="ours"))
    assert criteria_in_force(read_settings(default_home=tmp_path, environment={})).name == "ours"


def test_a_broken_file_is_not_replaced_by_another(tmp_path):
    (tmp_path / "criteria.yaml").write_text("format: [")
    judge = open_judge(read_settings(default_home=tmp_path, environment={}), nothing_opted_out)
    assert judge.criteria is None
    assert "not YAML" in judge.fault


def test_equal_criteria_have_equal_hashes_however_they_are_written():
    spaced = shipped_text("personal").replace("\naudit:", "\n\n# a remark\naudit:")
    assert parse_criteria(spaced, "x").sha256 == (
        parse_criteria(shipped_text("personal"), "y").sha256
    )


def test_any_changed_value_changes_the_hash():
    before = parse_criteria(shipped_text("personal"), "x").sha256
    assert parse_criteria(with_first(unsure="warn"), "x").sha256 != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed(audits={}), "audits: this key is not known."),
        (
            changed(owner=None, ownr="me"),
            "ownr: this key is not known (it is 'me'), and 'owner' is missing.",
        ),
        (changed(owner=None), "owner: field required"),
        (changed(format="limner.criteria/2"), "format"),
        (changed(criteria=[]), "criteria"),
        (changed(default_impact="huge"), "the impact tier 'huge' is none of"),
        (changed(second_reviewer=["top"]), "the impact tier 'top'"),
        (changed(impact_tiers={"low": 0}), "impact_tiers.low"),
        (changed(audit={"released": 1.5, "refused": 0}), "audit.released"),
        (with_first(fail="release"), "criteria.0.fail"),
        (with_first(error="warn"), "criteria.0.error"),
        (with_first(about="pixels"), "criteria.0.about"),
        (with_first(limits={"pass_at": 1}), "criteria.0.limits.fail_at"),
        (with_first(id="whole"), "the id 'whole' is used twice"),
        (with_first(check="nsfw"), "the check 'nsfw' is asked by two criteria"),
        (with_first(costs={"false_accept": -1, "false_reject": 1, "review": 1}), "false_accept"),
        (shipped_text("personal") + "\nname: again\n", "the key 'name' is written twice"),
        ("owner: {{ owner }}", "a key is no single value in line 1, column 9"),
        ("a: &a [*a]", "not"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
        ("", "not valid"),
    ],
)
def test_what_is_not_allowed_is_named(text, said):
    with pytest.raises(CriteriaInvalid) as caught:
        parse_criteria(text, "criteria.yaml")
    assert said in caught.value.message


TARGET = {"precision": 0.95, "recall": 0.9, "confidence": 0.95}
CERTIFIED = {
    "certified_on": "2026-11-24", "card_sha256": "sha256:" + "a" * 64,
    "labels_sha256": "sha256:" + "b" * 64, "num_labels": 500, "delta": 0.05, "pass_at": 0.9,
    "precision": 0.95, "recall": 0.9,
}  # fmt: skip
LAID = {"limits": {"pass_at": 0.9, "fail_at": 0.2}, "target": TARGET}


def test_a_certificate_is_read_and_is_part_of_the_hash():
    with_it = parse_criteria(with_first(**LAID, certified=CERTIFIED), "x")
    assert with_it.criteria[0].certified is not None
    assert with_it.criteria[0].certified.num_labels == 500
    assert with_it.sha256 != parse_criteria(with_first(**LAID), "x").sha256


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"limits": {"pass_at": 0.8, "fail_at": 0.2}},
            "'limits' are not those that were certified",
        ),
        ({"limits": None}, "'limits' are not those that were certified"),
        ({"target": TARGET | {"precision": 0.96}}, "'target' asks for more than was certified"),
        ({"target": TARGET | {"recall": 0.91}}, "'target' asks for more"),
        ({"target": TARGET | {"fail_precision": 0.5}}, "'target' asks for more"),
        ({"target": TARGET | {"confidence": 0.96}}, "'target' asks for more"),
        ({"target": None}, "'target' asks for more"),
        ({"certified": CERTIFIED | {"fail_at": 0.1}}, "'limits' are not those"),
        ({"certified": CERTIFIED | {"num_labels": 0}}, "criteria.0.certified.num_labels"),
        ({"certified": CERTIFIED | {"delta": 0}}, "criteria.0.certified.delta"),
        ({"certified": CERTIFIED | {"card_sha256": "abc"}}, "criteria.0.certified.card_sha256"),
        ({"certified": CERTIFIED | {"n": 5}}, "criteria.0.certified.n: this key is not known"),
    ],
)
def test_a_certificate_that_is_not_of_its_criterion_is_named(changes, said):
    with pytest.raises(CriteriaInvalid) as caught:
        parse_criteria(with_first(**(LAID | {"certified": CERTIFIED} | changes)), "criteria.yaml")
    assert said in caught.value.message


def test_integrity_cannot_be_left_out():
    criteria = yaml.safe_load(shipped_text("personal"))["criteria"]
    without = [one for one in criteria if one["check"] != "integrity"]
    with pytest.raises(CriteriaInvalid, match="cannot be left out"):
        parse_criteria(changed(criteria=without), "x")


def test_integrity_cannot_only_warn():
    criteria = yaml.safe_load(shipped_text("personal"))["criteria"]
    mild = [one | ({"fail": "warn"} if one["check"] == "integrity" else {}) for one in criteria]
    with pytest.raises(CriteriaInvalid, match="nor only warn"):
        parse_criteria(changed(criteria=mild), "x")


def test_an_unknown_check_is_named_with_those_there_are(tmp_path):
    judge = open_judge(read_settings(default_home=tmp_path, environment={}), nothing_opted_out)
    criteria = parse_criteria(with_first(check="taste"), "x")
    with pytest.raises(CriteriaInvalid, match="names the check 'taste'"):
        require_known_checks(criteria, judge.cards.values())


def test_another_version_of_a_check_is_told(tmp_path):
    judge = open_judge(read_settings(default_home=tmp_path, environment={}), nothing_opted_out)
    criteria = parse_criteria(with_first(version="0"), "x")
    with pytest.raises(CriteriaInvalid, match="was set for version '0'"):
        require_known_checks(criteria, judge.cards.values())


def test_personal_releases_a_poor_picture_with_a_warning_but_refuses_a_broken_one():
    by_check = {
        one.check: one for one in parse_criteria(shipped_text("personal"), "personal").criteria
    }
    assert by_check["exposure"].fail is Consequence.WARN
    assert by_check["integrity"].fail is Consequence.REFUSE
    assert by_check["nsfw"].fail is Consequence.HOLD


LOOKS = ("prompt-fit", "atoms", "face", "near-copy-training")


@pytest.mark.parametrize(
    ("name", "consequence"), [("personal", Consequence.WARN), ("team", Consequence.HOLD)]
)
@pytest.mark.parametrize("check", LOOKS)
def test_what_a_person_alone_is_told_a_team_holds(name, consequence, check):
    by_check = {one.check: one for one in parse_criteria(shipped_text(name), name).criteria}
    assert by_check[check].fail is consequence


def test_a_prompt_that_names_nothing_holds_nobody_up_alone():
    by_check = {
        one.check: one for one in parse_criteria(shipped_text("personal"), "personal").criteria
    }
    moot = {by_check[check].not_applicable for check in ("prompt-fit", "atoms")}
    assert moot == {Consequence.RELEASE}


def test_only_a_team_is_asked_for_the_extra_that_reads_text():
    asking = [
        name
        for name in SHIPPED
        if any(one.check == "text" for one in parse_criteria(shipped_text(name), name).criteria)
    ]
    assert asking == ["team"]
