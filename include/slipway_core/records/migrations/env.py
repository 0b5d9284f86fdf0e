"""Run by Alembic: migrations on the connection that `slipway_core.records.migrate` holds a lock on."""

from alembic import context

from slipway_core.records.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
