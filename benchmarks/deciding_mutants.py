"""Whether tests notice a change of any rule of deciding or of review: every small one is tried.

A mutant is `limner.core.deciding` or `limner.core.reviewing` with one thing changed: a comparison
turned round, an `and` made an `or`, a condition that always or never holds, an operand dropped, a
member of an enumeration made another, a number, a truth value, a name or a calculation changed, a
step left out.
Each is laid in the module's place in a process of its own, and the table of tests is run on it.
Sentences for people are not changed, nor types and docstrings.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Measurement

ROOT = Path(__file__).parents[1]
TIME_LIMIT_SECONDS = 60
QUICK_EVERY = 12

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_CALCULATIONS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}

Change = Callable[[ast.AST], ast.AST]
"""Takes a node, which it may change, and gives what stands in its place."""


class Rules(NamedTuple):
    """A module of rules in `limner.core`, and the enumerations its rules choose from."""

    name: str
    enums: tuple[str, ...]

    @property
    def module(self) -> str:
        """As it is imported."""
        return f"limner.core.{self.name}"

    @property
    def source(self) -> Path:
        """The file that is changed."""
        return ROOT / "src" / "limner" / "core" / f"{self.name}.py"

    @property
    def tests(self) -> Path:
        """The table of its rules and states."""
        return ROOT / "tests" / "unit" / "core" / f"test_{self.name}.py"


DECIDING = Rules("deciding", ("Consequence", "Verdict", "Outcome"))
REVIEWING = Rules(
    "reviewing",
    ("CardKind", "EventKind", "Answer", "State", "Closing", "EscalationCause", "Refusal"),
)


class Mutant(NamedTuple):
    """The module with one thing changed."""

    told: str
    tree: ast.Module


def measure_deciding_mutants(is_quick: bool) -> Measurement:
    """How many mutants of the rules of deciding and review no test notices; a full run tries all.

    A mutant that is not noticed takes as long as all tests of its module, one that is far less.
    """
    _preload()
    num_survivors = num_tried = 0
    for rules in (DECIDING, REVIEWING):
        source = rules.source.read_text(encoding="utf-8")
        if not _is_passed(rules, ast.parse(source)):
            raise RuntimeError(f"The tests of {rules.name} fail on the module as it is.")
        found = list(mutants(rules, source))
        for one in found[::QUICK_EVERY] if is_quick else found:
            num_tried += 1
            if _is_passed(rules, one.tree):
                num_survivors += 1
                print(f"not noticed: {rules.name}, {one.told}", flush=True)
    return Measurement(value=num_survivors, n=num_tried)


def mutants(rules: Rules, source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source, in the order of its lines."""
    nodes = list(_nodes_in_order(ast.parse(source)))
    enums = _members(rules)
    sites = [
        (k, told, change) for k, node in enumerate(nodes) for told, change in _changes(node, enums)
    ]
    for index, told, change in sites:
        tree = ast.parse(source)
        node = list(_nodes_in_order(tree))[index]
        line, before = getattr(node, "lineno", 0), ast.unparse(node).split("\n")[0][:60]
        _put(tree, node, change(node))
        yield Mutant(f"line {line}: {before}: {told}", ast.fix_missing_locations(tree))


def _members(rules: Rules) -> dict[str, tuple[str, ...]]:
    module = import_module(rules.module)
    enums: list[type[StrEnum]] = [getattr(module, name) for name in rules.enums]
    return {one.__name__: tuple(member.name for member in one) for one in enums}


def _nodes_in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are rules: no annotations, decorators, docstrings, sentences, imports."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr | ast.alias):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            yield child
            yield from _nodes_in_order(child)


def _changes(node: ast.AST, enums: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    elif isinstance(node, ast.BoolOp):
        yield from _of_connection(node)
    elif isinstance(node, ast.Attribute):
        yield from _of_member(node, enums)
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.comprehension):
        yield from _of_condition(node)
    elif isinstance(node, ast.UnaryOp):
        yield "operator dropped", lambda one: one.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and type(node.op) in _CALCULATIONS:
        yield "calculated otherwise", lambda one: _with(one, op=_CALCULATIONS[type(node.op)]())
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield f"made {_NAMES[node.id]}", lambda one: _with(one, id=_NAMES[node.id])
    elif isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "left out", lambda _: ast.Pass()


def _of_comparison(node: ast.Compare) -> Iterator[tuple[str, Change]]:
    for other in _COMPARISONS[type(node.ops[0])]:
        yield f"made {other.__name__}", lambda one, other=other: _with(one, ops=[other()])


def _of_connection(node: ast.BoolOp) -> Iterator[tuple[str, Change]]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"made {other.__name__}", lambda one: _with(one, op=other())
    for k in range(len(node.values)):
        told = f"without {ast.unparse(node.values[k])[:40]!r}"
        yield told, lambda one, k=k: _without(one, k)


def _without(node: ast.AST, index: int) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    others = node.values[:index] + node.values[index + 1 :]
    return others[0] if len(others) == 1 else _with(node, values=others)


def _of_member(
    node: ast.Attribute, enums: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, Change]]:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if node.attr in enums.get(owner, ()):
        for other in enums[owner]:
            if other != node.attr:
                yield f"made {other}", lambda one, other=other: _with(one, attr=other)


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    value = node.value
    if isinstance(value, bool):
        yield "turned round", lambda one: _with(one, value=not value)
    elif isinstance(value, int | float):
        yield "one more", lambda one: _with(one, value=value + 1)
        yield "one less", lambda one: _with(one, value=value - 1)
    elif isinstance(value, str) and value and " " not in value:
        yield "another name", lambda one: _with(one, value=value + "x")


def _of_condition(
    node: ast.If | ast.IfExp | ast.comprehension,
) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.comprehension):
        for k in range(len(node.ifs)):
            yield "takes all", lambda one, k=k: _with(one, ifs=one.ifs[:k] + one.ifs[k + 1 :])
        return
    for held in (True, False):
        told = f"{'always' if held else 'never'} holds"
        yield told, lambda one, held=held: _with(one, test=ast.Constant(held))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _put(tree: ast.AST, node: ast.AST, new: ast.AST) -> None:
    """Put `new` where `node` stands."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(one is node for one in value):
                setattr(parent, name, [new if one is node else one for one in value])


def _preload() -> None:
    """Import what every try needs once, so that a fork has it; never the module's tests."""
    for name in ("pytest", "hypothesis.strategies", "numpy", DECIDING.module, REVIEWING.module):
        import_module(name)


def _is_passed(rules: Rules, tree: ast.Module) -> bool:
    """Whether every test passes with this tree in the module's place; one that hangs does not."""
    code = compile(tree, str(rules.source), "exec")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(TIME_LIMIT_SECONDS)
            _lay_in_place(rules, code)
            _run_tests(rules)
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _lay_in_place(rules: Rules, code: types.CodeType) -> None:
    module = types.ModuleType(rules.module)
    sys.modules[rules.module] = module
    setattr(sys.modules["limner.core"], rules.name, module)
    exec(code, module.__dict__)


def _run_tests(rules: Rules) -> None:
    """Run the tests of the table until one fails; those with drawn examples come last.

    Without pytest around them, which takes longer to start than all of them to run.
    """
    import hypothesis

    hypothesis.settings.register_profile("mutants", database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutants")
    spec = importlib.util.spec_from_file_location(rules.tests.stem, rules.tests)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = [one for name, one in vars(module).items() if name.startswith("test_")]
    for test in sorted(tests, key=lambda one: hasattr(one, "hypothesis")):
        for arguments in _cases(test):
            test(**arguments)


def _cases(test: Callable[..., None]) -> Iterator[dict[str, object]]:
    """The arguments of every case of a test, by its `parametrize` marks."""
    tables: list[list[dict[str, object]]] = []
    for mark in getattr(test, "pytestmark", []):
        assert mark.name == "parametrize", f"{test.__name__} is marked {mark.name!r}"
        names, rows = mark.args
        if isinstance(names, str):
            tables.append([{names: value} for value in rows])
        else:
            tables.append([dict(zip(names, row, strict=True)) for row in rows])
    for chosen in itertools.product(*tables):
        yield {name: value for part in chosen for name, value in part.items()}
