"""Triggers that refuse to change what a table holds, in the words of each database.

No mistake of ours can change such a row. A person with the database in hand can; checkpoints and
witnesses are for that.
"""

from __future__ import annotations

from alembic import op

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION limner_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def refuse_changes(table: str, *changes: str) -> None:
    """Refuse ``INSERT``, ``UPDATE`` or ``DELETE`` of any row of a table from now on."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute(POSTGRESQL_FUNCTION)
    for change in changes:
        trigger = f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
        if is_postgresql:
            op.execute(trigger + "FOR EACH ROW EXECUTE FUNCTION limner_refuse()")
        else:
            op.execute(trigger + f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
