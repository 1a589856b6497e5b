"""`amends worker`: the pipeline alone, beside any number of `amends web` on the same database."""

import signal
import threading
from pathlib import Path

import click

from amends.cli import output
from amends.cli.serve import RULES
from amends.runtime.config import load_config
from amends.runtime.telemetry import set_up_logging
from amends.runtime.wiring import Installation, settle_in


@click.command(epilog="Example: amends worker --db sqlite:////var/lib/amends/amends.sqlite")
@click.option("--db", metavar="URL", help="The database whose deliveries are worked on.")
@RULES
def command(db: str | None, rules: tuple[Path, ...]) -> None:
    """Watch orders: read what `amends web` has taken in, judge it, keep cases up to date. One for a database."""
    config = load_config(db=db, rules=rules or None)
    set_up_logging(config.log_level)
    installation = Installation(config, receives=False)
    told_to_end = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: told_to_end.set())
    settle_in()
    installation.start()
    output.say(f"The worker is at work on {installation.store.database.place}.")
    told_to_end.wait()
    installation.stop()
