"""Facts of the recipe beside each image of the gallery, to be searched.

Runs before deploy: it only adds. Rows that an older version writes meanwhile have none, and are not
found by their recipe.
"""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0160"
down_revision = "0132"

BATCH = 1000
images = sa.table("images", sa.column("image_id", sa.Text), sa.column("recipe", sa.Text))
gallery = sa.table("gallery", sa.column("image_id", sa.Text), sa.column("facts", sa.Text))
NAMES = (
    "seed", "size", "steps", "guidance", "sampler", "style", "background", "operation",
    "generator", "generator_version", "engine", "negative",
)  # fmt: skip


def upgrade() -> None:
    """Add the column, and fill it for the images there are."""
    op.add_column("gallery", sa.Column("facts", sa.Text, nullable=True))
    connection, last = op.get_bind(), ""
    while True:
        rows = connection.execute(
            sa.select(images.c.image_id, images.c.recipe)
            .where(images.c.image_id > last)
            .order_by(images.c.image_id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].image_id
        connection.execute(
            gallery.update()
            .where(gallery.c.image_id == sa.bindparam("of_image"))
            .values(facts=sa.bindparam("its_facts")),
            [{"of_image": one.image_id, "its_facts": _facts(one.recipe)} for one in rows],
        )


def _facts(recipe: str) -> str:
    document = json.loads(recipe)
    said = [(name, document.get(name)) for name in NAMES]
    words = [f"{name}:{_folded(str(value))}" for name, value in said if value not in (None, "")]
    return f" {' '.join(words)} "


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
