"""Gates are read strictly, and the shipped one asks only for what is measured."""

import pytest
from registries import GATE

from limner.core.errors import GateInvalid
from limner.core.gates import Direction
from limner.studio.gate_file import GATE_FILE, gate_in_force, parse_gate, read_gate
from limner.studio.suite_file import SHIPPED, read_suite


def test_the_shipped_gate_asks_for_checks_of_suites_that_are_shipped():
    for rule in read_gate("standard").rules:
        assert rule.suite in SHIPPED
        check, _, kind = rule.metric.rpartition(".")
        assert (check in read_suite(rule.suite).checks, kind) == (True, "pass_rate")


def test_every_rule_of_the_shipped_gate_can_be_kept_by_its_suite():
    for rule in read_gate("standard").rules:
        num_prompts = len(read_suite(rule.suite).cases)
        assert num_prompts >= rule.min_num
        assert num_prompts / (num_prompts + 1.96**2) >= rule.limit  # Wilson's bound without a fault


def test_a_gate_says_what_its_file_says():
    gate = parse_gate(GATE, "ours")
    assert (gate.name, gate.owner, [one.id for one in gate.rules]) == (
        "ours",
        "Ada",
        ["whole", "counts"],
    )
    assert gate.rules[0].direction is Direction.AT_LEAST


def test_two_files_that_say_the_same_have_one_hash():
    assert parse_gate(GATE, "a").sha256 == parse_gate(f"# Ours\n{GATE}", "b").sha256


def test_a_gate_of_the_data_folder_is_in_force(settings):
    assert gate_in_force(settings).name == "standard"
    settings.home.mkdir()
    (settings.home / GATE_FILE).write_text(GATE)
    assert gate_in_force(settings).name == "ours"


def test_a_broken_gate_of_the_data_folder_is_not_passed_over(settings):
    settings.home.mkdir()
    (settings.home / GATE_FILE).write_text("format: nothing")
    with pytest.raises(GateInvalid):
        gate_in_force(settings)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("id: counts", "id: whole", "the id 'whole' is used twice"),
        ("min_num: 100", "min_num: 0", "min_num"),
        ("limit: 0.5", "limit: .nan", "limit"),
        ("direction: at_least", "direction: about", "direction"),
        ("licences: [Apache-2.0]", "licences: []", "licences"),
        ("owner: Ada", "owners: Ada", "owners: this key is not known"),
        ("[gate]", "[everything]", "pauses_when_overdue"),
        ("max_age_days: 60", "max_age_days: 0", "max_age_days"),
    ],
)
def test_a_gate_with_a_fault_is_refused_in_one_sentence(before, after, told):
    with pytest.raises(GateInvalid, match=told):
        parse_gate(GATE.replace(before, after), "ours")


def test_a_gate_without_rules_is_refused():
    with pytest.raises(GateInvalid, match="rules"):
        parse_gate(f"{GATE.split('rules:')[0]}rules: []\n", "ours")


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(GateInvalid, match="cannot be read"):
        read_gate("gone.yaml")


def test_brackets_that_never_close_are_one_sentence():
    with pytest.raises(GateInvalid, match="not YAML"):
        parse_gate("[" * 100_000, "ours")
