"""`amends serve`: everything in one process."""

import secrets
from pathlib import Path

import click

from amends.cli import output
from amends.runtime.config import load_config
from amends.runtime.telemetry import set_up_logging
from amends.runtime.wiring import Installation, settle_in
from amends.web.app import create_app
from amends.web.server import address_of, listen, serve

_FIRST_EMAIL = "admin@localhost"
RULES = click.option(
    "--rules", multiple=True, metavar="PATH", type=click.Path(exists=True, path_type=Path),
    help="Rule files or folders instead of the built-in rules; may be repeated.",
)  # fmt: skip


@click.command(epilog="Example: amends serve --db sqlite:////var/lib/amends/amends.sqlite --port 8080")
@click.option("--db", metavar="URL", help="The database, such as sqlite:////var/lib/amends/amends.sqlite.")
@click.option("--host", metavar="ADDRESS", help="The address to listen at. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="The port to listen at; 0 for any. [default: 8080]")
@RULES
def command(db: str | None, host: str | None, port: int | None, rules: tuple[Path, ...]) -> None:
    """Take webhooks, watch orders, and show the console and the buyers' pages, until stopped by Ctrl-C."""
    serve_here(db, host, port, rules, judges=True)


def serve_here(db: str | None, host: str | None, port: int | None, rules: tuple[Path, ...], *, judges: bool) -> None:
    """Serve until stopped; without judging, where a worker does that."""
    config = load_config(db=db, host=host, port=port, rules=rules or None)
    set_up_logging(config.log_level)
    with listen(config.host, config.port) as listening:
        # Links to pages hold the port, so one that was free must be known by its number.
        config = load_config(db=db, host=host, port=listening.getsockname()[1], rules=rules or None)
        installation = Installation(config, judges=judges)
        app = create_app(installation)
        output.say(f"Amends is at {address_of(listening)} and keeps its data in {installation.store.database.place}.")
        _let_first_person_in(installation)
        settle_in()
        serve(app, listening)


def _let_first_person_in(installation: Installation) -> None:
    with installation.store.reading() as work:
        if work.users.count():
            return
    password = secrets.token_urlsafe(12)
    with installation.store.writing() as work:
        work.users.add(email=_FIRST_EMAIL, name="Admin", role="admin", password=password, now=installation.clock.now())
    output.say(f"Nobody can sign in yet, so here is a first account: {_FIRST_EMAIL} with the password {password}")
