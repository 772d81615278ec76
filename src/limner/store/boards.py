"""Boards, stars and tags: how one person puts images in order. Nobody else sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from limner.core.errors import BadInput
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.gallery import folded

MAX_NAME_CHARACTERS = 80

_stars = schema.stars.c
_boards = schema.boards.c
_placed = schema.board_images.c
_tags = schema.image_tags.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A named set of images."""

    board_id: str
    name: str
    num_images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where one person keeps one image."""

    is_starred: bool
    board_ids: tuple[str, ...]
    tags: tuple[str, ...]


class Boards:
    """The boards, stars and tags in one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def star(self, owner: str, image_ids: Sequence[str], now: datetime) -> None:
        """Star images; those that are starred stay so."""
        with transaction(self._engine) as connection:
            for image_id in image_ids:
                key = {"owner": owner, "image_id": image_id}
                _add_once(connection, schema.stars, key, {"starred_at": now.isoformat()})

    def unstar(self, owner: str, image_ids: Sequence[str]) -> None:
        """Take the stars off images."""
        mine = (_stars.owner == owner) & _stars.image_id.in_(image_ids)
        with transaction(self._engine) as connection:
            connection.execute(schema.stars.delete().where(mine))

    def starred(self, owner: str, image_ids: Sequence[str]) -> set[str]:
        """Those of these images that somebody has starred."""
        query = sa.select(_stars.image_id).where(
            _stars.owner == owner, _stars.image_id.in_(image_ids)
        )
        with reading(self._engine) as connection:
            return set(connection.scalars(query))

    def create(self, owner: str, name: str, now: datetime) -> Board:
        """Make a board, or give the one of this name.

        Raises:
            BadInput: the name is empty or too long.
        """
        name = _short(name, "board")
        with transaction(self._engine) as connection:
            mine = (_boards.owner == owner) & (_boards.name == name)
            found = connection.scalar(sa.select(_boards.board_id).where(mine))
            if found is not None:
                return Board(board_id=found, name=name, num_images=0)
            board_id = uuid4().hex
            connection.execute(
                schema.boards.insert().values(
                    board_id=board_id, owner=owner, name=name, created_at=now.isoformat()
                )
            )
        return Board(board_id=board_id, name=name, num_images=0)

    def list(self, owner: str) -> list[Board]:
        """Somebody's boards, by name."""
        num_images = (
            sa.select(sa.func.count()).where(_placed.board_id == _boards.board_id).scalar_subquery()
        )
        query = (
            sa.select(_boards.board_id, _boards.name, num_images.label("num_images"))
            .where(_boards.owner == owner)
            .order_by(_boards.name)
        )
        with reading(self._engine) as connection:
            return [
                Board(board_id=row.board_id, name=row.name, num_images=row.num_images)
                for row in connection.execute(query)
            ]

    def remove(self, owner: str, board_id: str) -> None:
        """Remove a board; its images stay."""
        with transaction(self._engine) as connection:
            _require_own(connection, owner, board_id)
            connection.execute(schema.board_images.delete().where(_placed.board_id == board_id))
            connection.execute(schema.boards.delete().where(_boards.board_id == board_id))

    def put(self, owner: str, board_id: str, image_ids: Sequence[str], now: datetime) -> None:
        """Put images on a board.

        Raises:
            BadInput: it is nobody's, or somebody else's.
        """
        with transaction(self._engine) as connection:
            _require_own(connection, owner, board_id)
            for image_id in image_ids:
                key = {"board_id": board_id, "image_id": image_id}
                _add_once(connection, schema.board_images, key, {"added_at": now.isoformat()})

    def take(self, owner: str, board_id: str, image_ids: Sequence[str]) -> None:
        """Take images off a board; errors as `put`."""
        with transaction(self._engine) as connection:
            _require_own(connection, owner, board_id)
            there = (_placed.board_id == board_id) & _placed.image_id.in_(image_ids)
            connection.execute(schema.board_images.delete().where(there))

    def tag(self, owner: str, image_ids: Sequence[str], tag: str, now: datetime) -> None:
        """Tag images.

        Raises:
            BadInput: the tag is empty or too long.
        """
        tag = folded(_short(tag, "tag"))
        with transaction(self._engine) as connection:
            for image_id in image_ids:
                key = {"owner": owner, "image_id": image_id, "tag": tag}
                _add_once(connection, schema.image_tags, key, {"tagged_at": now.isoformat()})

    def untag(self, owner: str, image_ids: Sequence[str], tag: str) -> None:
        """Take a tag off images."""
        mine = (_tags.owner == owner) & (_tags.tag == folded(tag))
        with transaction(self._engine) as connection:
            connection.execute(
                schema.image_tags.delete().where(mine & _tags.image_id.in_(image_ids))
            )

    def tags(self, owner: str) -> list[str]:
        """Somebody's tags, in order."""
        query = sa.select(_tags.tag).where(_tags.owner == owner).distinct().order_by(_tags.tag)
        with reading(self._engine) as connection:
            return list(connection.scalars(query))

    def tags_of(self, owner: str, image_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Somebody's tags of each of these images, in order; those without any are left out."""
        query = (
            sa.select(_tags.image_id, _tags.tag)
            .where(_tags.owner == owner, _tags.image_id.in_(image_ids))
            .order_by(_tags.tag)
        )
        found: dict[str, tuple[str, ...]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.image_id] = (*found.get(row.image_id, ()), row.tag)
        return found

    def keeping(self, owner: str, image_id: str) -> Keeping:
        """Where somebody keeps an image."""
        boards = sa.select(_boards.board_id).join(
            schema.board_images, _placed.board_id == _boards.board_id
        )
        tags = sa.select(_tags.tag).where(_tags.owner == owner, _tags.image_id == image_id)
        star = sa.select(_stars.image_id).where(_stars.owner == owner, _stars.image_id == image_id)
        with reading(self._engine) as connection:
            return Keeping(
                is_starred=connection.scalar(star) is not None,
                board_ids=tuple(
                    connection.scalars(
                        boards.where(_boards.owner == owner, _placed.image_id == image_id)
                    )
                ),
                tags=tuple(connection.scalars(tags.order_by(_tags.tag))),
            )


def _add_once(
    connection: sa.Connection, table: sa.Table, key: dict[str, str], rest: dict[str, str]
) -> None:
    """Insert a row unless its key is there; writers wait for each other, so this is no race."""
    is_same = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if connection.scalar(sa.select(sa.exists().where(is_same))):
        return
    connection.execute(table.insert().values(**key, **rest))


def _require_own(connection: sa.Connection, owner: str, board_id: str) -> None:
    mine = (_boards.board_id == board_id) & (_boards.owner == owner)
    if not connection.scalar(sa.select(sa.exists().where(mine))):
        raise BadInput(f"There is no board {board_id!r}.", code="board_unknown")


def _short(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > MAX_NAME_CHARACTERS or not text.isprintable():
        raise BadInput(
            f"The {what} is {text[:MAX_NAME_CHARACTERS]!r}; allowed are 1 to "
            f"{MAX_NAME_CHARACTERS} printable characters.",
            code=f"{what}_invalid",
        )
    return text
