"""`amends verify-audit`: does the record of who did what still say what was written?"""

from pathlib import Path

import click
from sqlalchemy.engine import make_url

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.model.audit import verified
from amends.model.errors import UnusableInputError
from amends.runtime.anchoring import anchors_file, anchors_in
from amends.runtime.config import load_config
from amends.runtime.opening import open_store
from amends.runtime.secret import secret_key


@click.command("verify-audit", epilog="Example: amends verify-audit --db sqlite:///amends.sqlite --json")
@click.option("--db", metavar="URL", help="The database whose record is checked.")
@click.option(
    "--anchors", type=click.Path(path_type=Path, dir_okay=False), help="The file of anchors [default: as the server's]."
)
@output.json_option
def command(*, db: str | None, anchors: Path | None, as_json: bool) -> None:
    """Check the chain of the audit record, entry by entry, and against its anchors. Changes nothing.

    Exit 1 where an entry was changed, taken out, moved or cut off since it was written.
    """
    config = load_config(db=db, anchors=anchors)
    path = Path(make_url(config.db).database or "")
    if not path.exists():
        raise UnusableInputError(f"There is no database at {path}: name one with --db.")
    held = anchors_in(anchors_file(config))
    store = open_store(config.db)
    try:
        with store.reading() as work:
            last = work.audit.last()
            problems = verified(work.audit.all(), held, secret_key(config))
    finally:
        store.database.close()
    entries = 0 if last is None else last.place
    if as_json:
        output.print_json({"entries": entries, "anchors": len(held), "problems": problems})
    else:
        for problem in problems:
            output.say(problem)
        if not problems:
            output.say(f"All {entries:,} entries are as they were written.")
        if entries and not held:
            output.say("There is no anchor yet, so a record that was written anew as a whole would not be found.")
    if problems:
        raise ProblemsFound
