"""The mutants are what they say: each compiles, and each says something else than the module."""

import ast

import pytest
from benchmarks.deciding_mutants import DECIDING, mutants

SOURCE = '''
"""Words are no rules."""

def rule(a: int, b: int = 3) -> bool:
    """Nor are these."""
    if a < b and a != 4:
        say(f"{a} < {b}")
        return Outcome.HELD
    return not min(a, b) + 1
'''


def told(source: str) -> list[str]:
    return [one.told for one in mutants(DECIDING, source)]


def test_every_mutant_compiles_and_differs_from_the_module():
    source = DECIDING.source.read_text()
    before = ast.dump(ast.parse(source))
    made = list(mutants(DECIDING, source))
    assert len(made) > 200
    for one in made:
        compile(one.tree, "mutant", "exec")
        assert ast.dump(one.tree) != before, one.told


def test_no_two_mutants_are_told_alike():
    made = told(DECIDING.source.read_text())
    places = [one for one in made if made.count(one) > 1]
    assert len(places) < len(made) / 10  # the same words twice in one line


@pytest.mark.parametrize(
    "change",
    [
        "a < b: made LtE", "a < b: made GtE", "a != 4: made Eq", "made Or", "without 'a < b'",
        "always holds", "never holds", "left out", "Outcome.HELD: made RELEASED",
        "operator dropped", "made max", "calculated otherwise", "4: one more", "3: one less",
    ],
)  # fmt: skip
def test_every_kind_of_rule_is_changed(change):
    assert any(one.endswith(change) for one in told(SOURCE)), told(SOURCE)


def test_types_docstrings_and_sentences_are_left_alone():
    assert not any("int" in one.split(":")[1] or "Words" in one for one in told(SOURCE))
