"""The gallery: a narrow row for every image and person, boards, stars, tags, grids, kept pictures.

Runs before deploy: it only adds. Images that are there already were drawn for nobody that is
known; those who see everything see them.
"""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

gallery = sa.table(
    "gallery",
    sa.column("image_id"),
    sa.column("owner"),
    sa.column("created_at"),
    sa.column("words"),
    sa.column("style"),
    sa.column("outcome"),
)


def upgrade() -> None:
    """Add the tables, and put every decided image on the shelf of nobody."""
    op.create_table(
        "gallery",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("created_at", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gallery_image_id", "gallery", ["image_id"])
    op.create_index("ix_gallery_place", "gallery", ["created_at", "image_id"])
    op.create_index("ix_gallery_outcome", "gallery", ["outcome", "created_at", "image_id"])
    op.create_index("ix_results_said", "results", ["check_name", "verdict", "image_id"])
    _create_personal()
    _shelve_all()


def _create_personal() -> None:
    op.create_table(
        "stars",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True, index=True),
        sa.Column("starred_at", sa.Text, nullable=False),
    )
    op.create_table(
        "boards",
        sa.Column("board_id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "board_images",
        sa.Column("board_id", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True, index=True),
        sa.Column("added_at", sa.Text, nullable=False),
    )
    op.create_table(
        "image_tags",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True, index=True),
        sa.Column("tagged_at", sa.Text, nullable=False),
    )
    op.create_table(
        "kept_pictures",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("pixels_sha256", sa.Text, primary_key=True),
        sa.Column("kept_at", sa.Text, nullable=False),
    )
    op.create_table(
        "grids",
        sa.Column("grid_id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False, index=True),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )


def _shelve_all() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT images.image_id, images.created_at, images.recipe, decisions.outcome "
            "FROM images JOIN decisions ON decisions.decision_id = ("
            "SELECT MAX(decision_id) FROM decisions WHERE decisions.image_id = images.image_id)"
        )
    )
    shelved = [
        {
            "owner": "",
            "created_at": row.created_at,
            "image_id": row.image_id,
            "words": _folded(json.loads(row.recipe)["prompt"])[:2000],
            "style": json.loads(row.recipe)["style"],
            "outcome": row.outcome,
        }
        for row in rows
    ]
    if shelved:
        op.bulk_insert(gallery, shelved)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
