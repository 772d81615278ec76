"""How Alembic reaches the database: on the connection it is given, and no other way."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
