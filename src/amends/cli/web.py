"""`amends web`: the doors alone, beside an `amends worker` on the same database."""

from pathlib import Path

import click

from amends.cli.serve import RULES, serve_here


@click.command(epilog="Example: amends web --db sqlite:////var/lib/amends/amends.sqlite --port 8080")
@click.option("--db", metavar="URL", help="The database, which a worker works on too.")
@click.option("--host", metavar="ADDRESS", help="The address to listen at. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="The port to listen at; 0 for any. [default: 8080]")
@RULES
def command(db: str | None, host: str | None, port: int | None, rules: tuple[Path, ...]) -> None:
    """Take webhooks and show console and buyers' pages; leave watching orders to `amends worker`."""
    serve_here(db, host, port, rules, judges=False)
