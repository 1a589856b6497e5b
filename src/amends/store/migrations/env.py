"""Run by Alembic, on the connection and in the transaction that `amends.store.upgrade` hands over."""

from alembic import context

from amends.store.resolution_schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
