"""The gallery's rows: what can be asked of many images at once, and whose they are.

Each image has one narrow row for every person it was drawn for, so that a page of a hundred
thousand images reads its own rows and no recipes. The rows follow the images: `shelve` writes them
in the transaction that judges an image, `note_outcomes` with every later decision, `take_off` when
the image is erased. Boards, stars and tags are in boards.py.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.judging import Verdict
from limner.store import schema
from limner.store.database import reading, transaction

MAX_WORDS_CHARACTERS = 2000  # of a prompt that can be searched
FACTS = (
    "seed", "size", "steps", "guidance", "sampler", "style", "background", "operation",
    "generator", "generator_version", "engine", "negative",
)  # fmt: skip
"""Of a recipe, that can be searched; the last holds blanks."""

_rows = schema.gallery.c
_THIS_IMAGE = sa.bindparam("this_image", type_=sa.Text())
_NOTE_OUTCOME = schema.gallery.update().where(_rows.image_id == _THIS_IMAGE)
_UNSHELVED = sa.select(
    schema.images.c.created_at,
    schema.images.c.recipe,
    sa.select(schema.decisions.c.outcome)
    .where(schema.decisions.c.image_id == _THIS_IMAGE)
    .order_by(schema.decisions.c.decision_id.desc())
    .limit(1)
    .scalar_subquery()
    .label("outcome"),
).where(
    schema.images.c.image_id == _THIS_IMAGE,
    ~sa.exists().where(_rows.image_id == _THIS_IMAGE, _rows.owner == sa.bindparam("this_owner")),
)
"""An image that is not on somebody's shelf yet."""


class Place(NamedTuple):
    """Where a page of the gallery ends: the last image on it."""

    created_at: str
    image_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for; everything that is said must hold.

    Attributes:
        words: each of them, or a part of it, is in the prompt.
        recipe: words of the recipe; ``seed:5`` is that fact as a whole, ``euler`` a part of any.
        since: earliest day, both ends included. Same for `until`.
        check: name of a check that gave `verdict`.
        is_starred: by the person who looks; as are `tag` and `board_id` theirs.
    """

    words: str = ""
    recipe: str = ""
    style: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    check: str | None = None
    verdict: Verdict | None = None
    tag: str | None = None
    board_id: str | None = None
    is_starred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """One image as the gallery lists it.

    Attributes:
        created_at: as it is stored, ISO 8601, UTC.
        seed: as in its recipe; `prompt` and `style` too.
    """

    image_id: str
    created_at: str
    outcome: Outcome
    prompt: str
    style: str | None
    seed: int

    @property
    def place(self) -> Place:
        """Where a page that ends with it ends."""
        return Place(self.created_at, self.image_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrid:
    """A grid that was asked for; `document` is JSON, its jobs are named after its id."""

    grid_id: str
    owner: str
    document: str


class GalleryRows:
    """The gallery of one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(
        self, search: Search, *, owner: str | None, viewer: str, after: Place | None, limit: int
    ) -> list[Shelved]:
        """Images that are found, the newest first.

        Args:
            search: what is looked for.
            owner: whose images; ``None`` for everybody's.
            viewer: whose stars, boards and tags are meant.
            after: the end of the page before.
            limit: most to give.
        """
        conditions = [*_conditions(search), *_personal_conditions(search, viewer)]
        if owner is not None:
            conditions.append(_rows.owner == owner)
        created_at: sa.ColumnElement[str] = _rows.created_at
        if owner is None and (search.words or search.recipe):
            # Everybody's rows are in no index with their words: reading all of them as they lie
            # takes a fifth of the time of fetching each in the order of an index.
            created_at = _rows.created_at + sa.literal_column("''")
        if after is not None:
            conditions.append(sa.tuple_(created_at, _rows.image_id) < sa.tuple_(*after))
        query = (
            sa.select(_rows.image_id, created_at)
            .where(*conditions)
            .order_by(created_at.desc(), _rows.image_id.desc())
            .limit(limit)
        )
        if owner is None:
            query = query.distinct()  # one image may have been drawn for two people
        with reading(self._engine) as connection:
            return _shelved(connection, list(connection.scalars(query)))

    def of(self, image_ids: Sequence[str]) -> list[Shelved]:
        """These images, in this order; those that are not there are left out."""
        with reading(self._engine) as connection:
            return _shelved(connection, image_ids)

    def neighbours(self, image_id: str, *, owner: str | None) -> tuple[str | None, str | None]:
        """The image that is next newer than one, and the one that is next older."""
        created_at = sa.select(_rows.created_at).where(_rows.image_id == image_id).limit(1)
        with reading(self._engine) as connection:
            at = connection.scalar(created_at)
            if at is None:
                return None, None
            place = sa.tuple_(_rows.created_at, _rows.image_id)
            here = sa.tuple_(sa.literal(at), sa.literal(image_id))
            whose = [] if owner is None else [_rows.owner == owner]
            newer = sa.select(_rows.image_id).where(place > here, *whose)
            older = sa.select(_rows.image_id).where(place < here, *whose)
            return (
                connection.scalar(newer.order_by(_rows.created_at, _rows.image_id).limit(1)),
                connection.scalar(
                    older.order_by(_rows.created_at.desc(), _rows.image_id.desc()).limit(1)
                ),
            )

    def asked_with(self, word: str) -> set[str]:
        """image_id of every image in whose prompt a word, as `folded` gives it, or a part is."""
        query = sa.select(_rows.image_id).where(_rows.words.contains(word, autoescape=True))
        with reading(self._engine) as connection:
            return set(connection.scalars(query))

    def owners_of(self, image_id: str) -> set[str]:
        """For whom an image was drawn."""
        drawn_for = sa.select(schema.jobs.c.owner).join(
            schema.job_images, schema.job_images.c.job_id == schema.jobs.c.job_id
        )
        with reading(self._engine) as connection:
            shelved = connection.scalars(sa.select(_rows.owner).where(_rows.image_id == image_id))
            jobs = connection.scalars(drawn_for.where(schema.job_images.c.image_id == image_id))
            return {*shelved, *jobs} - {""}

    def siblings(self, image_id: str) -> list[tuple[str, str]]:
        """Job and image_id of every picture of the jobs that drew an image, itself included."""
        drawn = schema.job_images.c
        jobs = sa.select(drawn.job_id).where(drawn.image_id == image_id)
        query = (
            sa.select(drawn.job_id, drawn.image_id)
            .where(drawn.job_id.in_(jobs))
            .order_by(drawn.job_id, drawn.picture_index)
        )
        with reading(self._engine) as connection:
            return [(row.job_id, row.image_id) for row in connection.execute(query)]

    def keep_picture(self, owner: str, pixels_sha256: str, now: datetime) -> None:
        """Note that somebody gave a picture, so that they may start from it again."""
        kept = schema.kept_pictures.c
        is_there = sa.exists().where(kept.owner == owner, kept.pixels_sha256 == pixels_sha256)
        with transaction(self._engine) as connection:
            if not connection.scalar(sa.select(is_there)):
                row = {"owner": owner, "pixels_sha256": pixels_sha256, "kept_at": now.isoformat()}
                connection.execute(schema.kept_pictures.insert().values(row))

    def is_kept_for(self, owner: str, pixels_sha256: str) -> bool:
        """Whether somebody gave this picture."""
        kept = schema.kept_pictures.c
        is_there = sa.exists().where(kept.owner == owner, kept.pixels_sha256 == pixels_sha256)
        with reading(self._engine) as connection:
            return bool(connection.scalar(sa.select(is_there)))

    def find_grid(self, grid_id: str) -> StoredGrid | None:
        """The grid with this id."""
        query = schema.grids.select().where(schema.grids.c.grid_id == grid_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return StoredGrid(grid_id=row.grid_id, owner=row.owner, document=row.document)

    def count_held(self) -> int:
        """How many images wait for a person; one that several asked for is one."""
        num_images = sa.func.count(sa.distinct(_rows.image_id))
        held = sa.select(num_images).where(_rows.outcome == str(Outcome.HELD))
        with reading(self._engine) as connection:
            return connection.scalar(held) or 0


def keep_grid(connection: sa.Connection, grid: StoredGrid, now: datetime) -> None:
    """Keep a grid, in the write transaction that queues its jobs."""
    row = {
        "grid_id": grid.grid_id,
        "owner": grid.owner,
        "created_at": now.isoformat(),
        "document": grid.document,
    }
    connection.execute(schema.grids.insert(), row)


def shelve(connection: sa.Connection, image_id: str, owner: str) -> None:
    """Put a stored image on somebody's shelf, once; held as long as nothing is decided about it.

    Args:
        connection: in a write transaction.
        image_id: of the image.
        owner: for whom it was drawn; empty where that is not known.
    """
    wanted = {"this_image": image_id, "this_owner": owner}
    row = connection.execute(_UNSHELVED, wanted).one_or_none()
    if row is None:
        return
    recipe = json.loads(row.recipe)
    shelved = {
        "owner": owner,
        "created_at": row.created_at,
        "image_id": image_id,
        "words": folded(recipe["prompt"])[:MAX_WORDS_CHARACTERS],
        "style": recipe["style"],
        "facts": searched_facts(recipe),
        "outcome": row.outcome or str(Outcome.HELD),
    }
    connection.execute(schema.gallery.insert(), shelved)


def owners_of(connection: sa.Connection, image_id: str) -> list[str]:
    """On whose shelves a stored image is."""
    column = schema.gallery.c
    query = sa.select(column.owner).where(column.image_id == image_id).order_by(column.owner)
    return [str(one) for one in connection.scalars(query)]


def note_outcomes(connection: sa.Connection, outcomes: dict[str, Outcome]) -> None:
    """Note what was decided about images, by image_id, in the transaction that decides it."""
    connection.execute(
        _NOTE_OUTCOME,
        [{"this_image": image_id, "outcome": str(one)} for image_id, one in outcomes.items()],
    )


def take_off(connection: sa.Connection, image_id: str) -> None:
    """Take an image off every shelf, and off boards, stars and tags, in a write transaction."""
    for table in (schema.gallery, schema.stars, schema.board_images, schema.image_tags):
        connection.execute(table.delete().where(table.c.image_id == image_id))


def take_from(connection: sa.Connection, image_id: str, owner: str) -> None:
    """Take an image off one person's shelf, boards, stars and tags, in a write transaction."""
    for table in (schema.gallery, schema.stars, schema.image_tags):
        theirs = sa.and_(table.c.image_id == image_id, table.c.owner == owner)
        connection.execute(table.delete().where(theirs))
    boards = sa.select(schema.boards.c.board_id).where(schema.boards.c.owner == owner)
    column = schema.board_images.c
    on_theirs = sa.and_(column.image_id == image_id, column.board_id.in_(boards))
    connection.execute(schema.board_images.delete().where(on_theirs))


def folded(text: str) -> str:
    """Text as it is searched: without case and without forms that only look different."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def searched_facts(recipe: Mapping[str, object]) -> str:
    """The facts of a recipe's document as they are searched, each between blanks."""
    said = [(name, recipe.get(name)) for name in FACTS]
    words = [f"{name}:{folded(str(value))}" for name, value in said if value not in (None, "")]
    return f" {' '.join(words)} "


def _conditions(search: Search) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        _rows.words.contains(word, autoescape=True) for word in folded(search.words).split()
    ]
    for word in folded(search.recipe).split():
        asked = f" {word} " if ":" in word else word
        conditions.append(_rows.facts.contains(asked, autoescape=True))
    if search.style is not None:
        conditions.append(_rows.style == search.style)
    if search.outcome is not None:
        conditions.append(_rows.outcome == str(search.outcome))
    if search.since is not None:
        conditions.append(_rows.created_at >= search.since.date().isoformat())
    if search.until is not None:
        end = f"{search.until.date().isoformat()}T99"  # after every time of that day
        conditions.append(_rows.created_at < end)
    if search.check is not None or search.verdict is not None:
        found = schema.results.c
        said: list[sa.ColumnElement[bool]] = []
        if search.check is not None:
            said.append(found.check_name == search.check)
        if search.verdict is not None:
            said.append(found.verdict == str(search.verdict))
        conditions.append(_rows.image_id.in_(sa.select(found.image_id).where(*said)))
    return conditions


def _personal_conditions(search: Search, viewer: str) -> list[sa.ColumnElement[bool]]:
    stars, placed, boards, tags = (
        schema.stars.c,
        schema.board_images.c,
        schema.boards.c,
        schema.image_tags.c,
    )
    conditions: list[sa.ColumnElement[bool]] = []
    if search.is_starred:
        conditions.append(
            _rows.image_id.in_(sa.select(stars.image_id).where(stars.owner == viewer))
        )
    if search.board_id is not None:
        own = sa.select(boards.board_id).where(
            boards.board_id == search.board_id, boards.owner == viewer
        )
        conditions.append(
            _rows.image_id.in_(sa.select(placed.image_id).where(placed.board_id.in_(own)))
        )
    if search.tag is not None:
        own = sa.select(tags.image_id).where(tags.owner == viewer, tags.tag == folded(search.tag))
        conditions.append(_rows.image_id.in_(own))
    return conditions


def _shelved(connection: sa.Connection, image_ids: Sequence[str]) -> list[Shelved]:
    images, decided = schema.images.c, schema.decisions.c
    outcome = (
        sa.select(decided.outcome)
        .where(decided.image_id == images.image_id)
        .order_by(decided.decision_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(
        images.image_id, images.created_at, images.seed, images.recipe, outcome.label("outcome")
    ).where(images.image_id.in_(image_ids))
    found: dict[str, Shelved] = {}
    for row in connection.execute(query):
        recipe = json.loads(row.recipe)
        found[row.image_id] = Shelved(
            image_id=row.image_id,
            created_at=row.created_at,
            outcome=Outcome.HELD if row.outcome is None else Outcome(row.outcome),
            prompt=recipe["prompt"],
            style=recipe["style"],
            seed=row.seed,
        )
    return [found[one] for one in image_ids if one in found]
