"""A copy of a criteria file with certified limits in it; every other character stays.

The file that was certified is never changed: its hash may be frozen, and decisions cite it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import yaml

from limner.core.criteria import Certificate, Criteria
from limner.core.errors import CriteriaInvalid
from limner.core.judging import Limits
from limner.store.files import write_new
from limner.studio.criteria_file import SHIPPED, criteria_text, parse_criteria


def write_certified_copy(
    source: str, folder: Path, criterion_id: str, limits: Limits, certificate: Certificate
) -> Path:
    """Write a copy with these limits and their certificate, under a name that is free.

    Args:
        source: path, or ``personal`` or ``team``.
        folder: for copies of shipped criteria; a file's copy goes beside it.
        criterion_id: one of theirs.
        limits: laid from now on.
        certificate: of these limits.

    Raises:
        CriteriaInvalid: the source cannot be read, or is written so that it cannot be changed
            without touching the rest.
        StorageUnavailable: the copy cannot be written.
    """
    text = criteria_text(source)
    before = parse_criteria(text, source)
    changed = certified_text(text, criterion_id, limits, certificate)
    wanted = _certified(before, criterion_id, limits, certificate)
    if changed is None or parse_criteria(changed, source) != wanted:
        raise CriteriaInvalid(
            f"The criteria in {source} are written in a way that cannot be changed in one place.",
            hint="Write each criterion out in full, without anchors, and try again.",
        )
    place = folder / f"{source}.yaml" if source in SHIPPED else Path(source).expanduser()
    return _write_free(place, changed.encode())


def certified_text(
    text: str, criterion_id: str, limits: Limits, certificate: Certificate
) -> str | None:
    """The text with ``limits`` and ``certified`` of one criterion set; ``None`` if not found."""
    root = cast(yaml.Node | None, yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    node = _criterion_node(root, criterion_id)
    if node is None:
        return None
    document = {key: value for key, value in asdict(certificate).items() if value is not None}
    values = {"limits": _flow(asdict(limits)), "certified": _flow(document)}
    edits: list[tuple[int, int, str]] = []
    for key, value in node.value:
        if (new := values.pop(key.value, None)) is not None:
            edits.append((key.start_mark.index, _end(value), f"{key.value}: {new}"))
    first = node.value[0][0].start_mark
    between = ", " if node.flow_style else "\n" + " " * first.column
    added = "".join(f"{key}: {value}{between}" for key, value in values.items())
    # New keys go before the second one, so that the criterion still begins with its id.
    place = node.value[1][0].start_mark.index
    edits.append((place, place, added))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _certified(
    criteria: Criteria, criterion_id: str, limits: Limits, certificate: Certificate
) -> Criteria:
    changed = tuple(
        replace(one, limits=limits, certified=certificate) if one.id == criterion_id else one
        for one in criteria.criteria
    )
    return replace(criteria, criteria=changed)


def _criterion_node(root: yaml.Node | None, criterion_id: str) -> yaml.MappingNode | None:
    criteria = _value_of(root, "criteria")
    if not isinstance(criteria, yaml.SequenceNode):
        return None
    for one in criteria.value:
        name = _value_of(one, "id")
        if isinstance(name, yaml.ScalarNode) and name.value == criterion_id:
            return one
    return None


def _value_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _end(node: yaml.Node) -> int:
    """Where the text of a value ends; a block's own mark lies behind the blank lines after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = cast(yaml.Node | tuple[yaml.Node, yaml.Node], node.value[-1])
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _flow(document: dict[str, object]) -> str:
    """One line of YAML."""
    return yaml.safe_dump(
        document, default_flow_style=True, sort_keys=False, width=float("inf")
    ).strip()


def _write_free(place: Path, content: bytes) -> Path:
    stem = re.sub(r"\.certified(-\d+)?$", "", place.stem)
    number = 1
    while True:
        ending = ".certified" if number == 1 else f".certified-{number}"
        path = place.with_name(f"{stem}{ending}{place.suffix}")
        try:
            write_new(path, content)
        except FileExistsError:
            number += 1
            continue
        return path
