"""A data folder with rows of as many images as wanted, each like one that was really drawn."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from limner.store import schema
from limner.store.database import open_database, transaction
from limner.store.gallery import folded, searched_facts

NUM_RESULTS = 3  # of each image
STARRED_EVERY = 250  # images
OWNERS = ("ada", "ada", "ada", "ada", "ben")  # four in five are hers
COLOURS = ("red", "blue", "green", "black", "white", "golden", "striped", "tiny")
THINGS = ("fox", "teapot", "lighthouse", "cat", "rocket", "violin", "cactus", "whale")
FIRST_AT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE = 5_000


def add_images(home: Path, image_id: str, numbers: range) -> None:
    """Rows of images, each like the one that was drawn, with a prompt and a time of its own.

    A decision, three results and a gallery row go with each; the files are not there.

    Args:
        home: data folder.
        image_id: of the image that was drawn.
        numbers: of the images; one that was added before must not be among them.
    """
    engine = open_database(home)
    try:
        with transaction(engine) as connection:
            image = schema.images.c.image_id == image_id
            template = dict(connection.execute(schema.images.select().where(image)).one()._mapping)
            for start in range(0, len(numbers), ROWS_AT_ONCE):
                _add_rows(connection, template, numbers[start : start + ROWS_AT_ONCE])
    finally:
        engine.dispose()


def _add_rows(connection: sa.Connection, template: dict[str, Any], numbers: range) -> None:
    recipe = json.loads(template["recipe"])
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        table: []
        for table in (
            schema.images,
            schema.decisions,
            schema.results,
            schema.gallery,
            schema.stars,
            schema.image_tags,
        )
    }
    for number in numbers:
        image_id = f"sha256:{number * 2654435761 % 2**32:08x}{number:056x}"
        at = (FIRST_AT + timedelta(seconds=number)).isoformat()
        prompt = f"a {COLOURS[number % 8]} {THINGS[number // 8 % 8]}, number {number}"
        style = "striped" if number % 500 == 0 else "plain"
        outcome = {0: "refused", 1: "held"}.get(number % 997, "released")
        own = {"image_id": image_id, "owner": OWNERS[number % 5]}
        rows[schema.images].append(
            template
            | {"image_id": image_id, "created_at": at, "pixels_sha256": image_id, "mark": None}
            | {"recipe": json.dumps({**recipe, "prompt": prompt, "style": style})}
        )
        rows[schema.decisions].append(_decision(image_id, at, outcome))
        rows[schema.results] += [_result(image_id, at, k, number) for k in range(NUM_RESULTS)]
        found_by = {
            "words": folded(prompt),
            "facts": searched_facts({**recipe, "seed": number, "style": style}),
            "style": style,
        }
        rows[schema.gallery].append({**own, **found_by, "created_at": at, "outcome": outcome})
        if number % STARRED_EVERY == 0:
            rows[schema.stars].append({**own, "owner": "ada", "starred_at": at})
            tag = {"tag": "best", "tagged_at": at}
            rows[schema.image_tags].append({**own, **tag, "owner": "ada"})
    for table, values in rows.items():
        if values:
            connection.execute(table.insert(), values)


def _decision(image_id: str, at: str, outcome: str) -> dict[str, Any]:
    document = {
        "reasons": [],
        "impact": "low",
        "audit_probability": 0.0,
        "is_audited": False,
        "needs_second": False,
    }
    return {
        "image_id": image_id,
        "decided_at": at,
        "decided_by": "rule",
        "outcome": outcome,
        "criteria_sha256": None,
        "document": json.dumps(document),
    }


def _result(image_id: str, at: str, k: int, number: int) -> dict[str, Any]:
    verdict = "fail" if k == 0 and number % 211 == 0 else "pass"
    return {
        "image_id": image_id,
        "judged_at": at,
        "check_name": ("sharpness", "exposure", "integrity")[k],
        "verdict": verdict,
        "score": 0.5,
        "document": "{}",
    }
