"""`amends doctor`: is this installation sound, and if not, what is to be done."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import click
import msgspec
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]
from sqlalchemy.engine import make_url

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.connectors.mail.mailbox import MailboxError
from amends.connectors.registry import CONNECTORS
from amends.detection import PackError, load_pack
from amends.model.errors import AmendsError
from amends.model.instant import Instant, format_instant
from amends.runtime.clock import WallClock
from amends.runtime.config import SECRET_BYTES_MIN, Config, load_config
from amends.runtime.mail import mailbox_of, postman_of
from amends.store.engine import open_database, refuse_unsafe_build
from amends.store.upgrade import newest_revision, revision_of
from amends.store.work import SqlStore, Work

Verdict = Literal["good", "look", "bad"]

_FREE_BYTES_MIN: Final = 1_000_000_000
_WAITING_MAX: Final = 1_000
_OLDEST_SANE: Final = Instant(1_700_000_000_000_000)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `bad` keeps Amends from doing its work; `look` may, some day."""

    name: str
    verdict: Verdict
    says: str


@click.command(epilog="Example: amends doctor --db sqlite:///amends.sqlite --json")
@click.option("--db", metavar="URL", help="The database to look at.")
@output.json_option
def command(db: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Check this installation: SQLite, durability, clock, keys, rules, connectors, mail, queues. Changes nothing."""
    checks = list(examine(load_config(db=db)))
    if as_json:
        output.print_json({"checks": checks})
    else:
        output.print_table(["", "what", "found"], [(check.verdict, check.name, check.says) for check in checks])
    if any(check.verdict == "bad" for check in checks):
        raise ProblemsFound


def examine(config: Config) -> Iterator[Check]:
    """Look at everything, one after the other."""
    yield _sqlite_build()
    yield _clock()
    yield _key(config)
    yield _rules()
    yield Check(name="connectors", verdict="good", says=", ".join(sorted(CONNECTORS)))
    yield _letters(config)
    yield _mailbox(config)
    path = Path(make_url(config.db).database or "")
    yield _room(path)
    if not path.exists():
        yield Check(name="database", verdict="look", says=f"{path} is not there yet; `amends serve` makes it.")
        return
    yield from _database(config)


def _sqlite_build() -> Check:
    try:
        refuse_unsafe_build(sqlite.sqlite_version_info)
    except AmendsError as error:
        return Check(name="SQLite", verdict="bad", says=str(error))
    return Check(name="SQLite", verdict="good", says=f"{sqlite.sqlite_version}, which keeps its log sound")


def _clock() -> Check:
    now = WallClock().now()
    if now < _OLDEST_SANE:
        return Check(name="clock", verdict="bad", says=f"This machine's clock says {format_instant(now)}: set it.")
    return Check(name="clock", verdict="good", says=format_instant(now))


def _key(config: Config) -> Check:
    if config.secret_key is not None:
        return Check(name="key", verdict="good", says="set by AMENDS_SECRET_KEY")
    path = config.data_dir / "secret.key"
    if not path.exists():
        return Check(name="key", verdict="look", says=f"{path} is not there yet; `amends serve` makes it.")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Check(name="key", verdict="bad", says=f"Others can read {path}: run `chmod 600 {path}`.")
    if path.stat().st_size < SECRET_BYTES_MIN:
        return Check(name="key", verdict="bad", says=f"{path} is too short: remove it, and a new one is made.")
    return Check(name="key", verdict="good", says=str(path))


def _rules() -> Check:
    try:
        pack = load_pack()
    except PackError as error:
        return Check(name="rules", verdict="bad", says=error.problems[0])
    return Check(name="rules", verdict="good", says=f"{len(pack.rules)} rules")


def _letters(config: Config) -> Check:
    postman = postman_of(config)
    if postman is None:
        says = "Nobody takes letters to buyers: set AMENDS_MAIL_FROM and AMENDS_SMTP_URL."
        return Check(name="letters", verdict="look", says=says)
    trouble = postman.greet()
    if trouble is not None:
        return Check(name="letters", verdict="bad", says=f"{trouble} (AMENDS_SMTP_URL)")
    if not config.base_url.startswith("https://"):
        says = (
            f"{postman} takes letters, but they name no page where buyers can choose: AMENDS_BASE_URL is not https://."
        )
        return Check(name="letters", verdict="look", says=says)
    return Check(name="letters", verdict="good", says=f"{postman} takes letters from {config.mail_from}")


def _mailbox(config: Config) -> Check:
    mailbox = mailbox_of(config)
    if mailbox is None:
        says = "Nobody reads what buyers answer to letters, or what comes back: set AMENDS_IMAP_URL."
        return Check(name="mailbox", verdict="look", says=says)
    try:
        with mailbox.opened():
            return Check(name="mailbox", verdict="good", says=str(mailbox))
    except MailboxError as error:
        return Check(name="mailbox", verdict="bad", says=f"{error} (AMENDS_IMAP_URL)")


def _room(path: Path) -> Check:
    folder = next((parent for parent in path.parents if parent.exists()), Path("/"))
    if not os.access(folder, os.W_OK):
        return Check(name="disk", verdict="bad", says=f"{folder} cannot be written: make it writable.")
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:,.1f} GB free in {folder}"
    return Check(name="disk", verdict="good" if free >= _FREE_BYTES_MIN else "look", says=says)


def _database(config: Config) -> Iterator[Check]:
    try:
        database = open_database(config.db)
    except AmendsError as error:
        yield Check(name="database", verdict="bad", says=str(error))
        return
    with database.reading() as connection:
        revision = revision_of(connection)
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        sound = connection.exec_driver_sql("PRAGMA quick_check").scalar()
    full = 2
    yield Check(
        name="durability",
        verdict="good" if synchronous == full else "bad",
        says="every commit is synced" if synchronous == full else "commits are not synced: PRAGMA synchronous = FULL",
    )
    yield Check(
        name="database",
        verdict="good" if sound == "ok" else "bad",
        says=database.place if sound == "ok" else f"{database.place} is damaged ({sound}): restore it from a backup.",
    )
    if revision != newest_revision():
        says = f"schema {revision}, this release has {newest_revision()}; `amends serve` upgrades an older one"
        yield Check(name="schema", verdict="look", says=says)
        return
    yield Check(name="schema", verdict="good", says=revision)
    with SqlStore(database).reading() as work:
        for look in _LOOKS:
            yield look(work)
    database.close()


def _connections(work: Work) -> Check:
    connected = work.connections.all()
    if not connected:
        return Check(name="connections", verdict="look", says="No account is connected: connect one in the console.")
    strangers = sorted({one.vendor for one in connected} - CONNECTORS.keys())
    if strangers:
        return Check(
            name="connections", verdict="bad", says=f"This release has no connector for {', '.join(strangers)}."
        )
    return Check(name="connections", verdict="good", says=", ".join(f"{one.vendor}/{one.account}" for one in connected))


def _people(work: Work) -> Check:
    count = work.users.count()
    says = f"{count} may sign in" if count else "Nobody may sign in yet; `amends serve` makes a first account."
    return Check(name="people", verdict="good" if count else "look", says=says)


def _queue(work: Work) -> Check:
    waiting = work.deliveries.waiting()
    says = f"{waiting:,} deliveries wait to be read"
    return Check(name="inbox", verdict="good" if waiting <= _WAITING_MAX else "look", says=says)


def _aside(work: Work) -> Check:
    counts = work.deliveries.counts()
    says = ", ".join(f"{counts[state]:,} {state}" for state in ("quarantined", "conflict", "refused"))
    return Check(name="put aside", verdict="look" if counts["quarantined"] or counts["conflict"] else "good", says=says)


def _kernel(work: Work) -> Check:
    head, at = work.journal.head(), work.progress.get()
    says = f"{head:,} events, {head - at.position:,} not judged yet"
    return Check(name="journal", verdict="good" if head - at.position <= _WAITING_MAX else "look", says=says)


_LOOKS: Final[tuple[Callable[[Work], Check], ...]] = (_connections, _people, _queue, _aside, _kernel)
