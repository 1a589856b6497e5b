"""Bringing a database to this release's schema."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from amends.store.engine import Database
from amends.store.errors import NewerDatabaseError

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction.

    Raises NewerDatabaseError where the database is ahead of this release.
    """
    with database.reading() as connection:
        if revision_of(connection) == newest_revision():
            return
    with database.writing() as connection:
        present = revision_of(connection)
        if present is not None and not _is_known(present):
            raise NewerDatabaseError(
                f"{database.place} was written by a newer Amends (schema {present}): "
                "update Amends, or name another database with --db."
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(connection: Connection) -> str | None:
    """The schema's revision that the database has; None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The schema's revision of this release."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the migrations are part of the package"
    return head


def _is_known(revision: str) -> bool:
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    return config
