"""`amends rules` on a database: versions, drafts, overrides and snoozes, each with who and why."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import yaml

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.detection.document import parse_document
from amends.detection.pack import PackError, read_files
from amends.model.errors import UnusableInputError
from amends.model.instant import (
    Instant,
    UnreadableTimeError,
    format_instant,
    parse_duration,
    parse_instant,
)
from amends.model.suggestion import suggestion
from amends.runtime.clock import WallClock
from amends.runtime.config import load_config
from amends.runtime.opening import open_store
from amends.runtime.rule_changes import (
    add_override,
    change_rule,
    discard_draft,
    draft_rule,
    promote_draft,
    restore_version,
)
from amends.runtime.rulebook import Rulebook
from amends.store.rules import standing_at
from amends.store.work import SqlStore

db_option = click.option("--db", metavar="URL", help="The database, if not the configured one.")
_why_option = click.option("--why", required=True, metavar="TEXT", help="Why, for those who read it in a year.")
_who_option = click.option(
    "--by", "who", default="command line", show_default=True, metavar="NAME", help="Who makes the change."
)
_expires_option = click.option(
    "--expires", metavar="WHEN", help="Until when: a length such as '30 days', or 2026-12-01T00:00:00Z."
)
_file = click.argument("file", metavar="FILE", type=click.Path(exists=True, path_type=Path, dir_okay=False))


class UnknownRuleError(UnusableInputError):
    """There is no rule of that id."""


class House(msgspec.Struct, frozen=True):
    """A database and the rules that stand in it at this moment."""

    store: SqlStore
    rulebook: Rulebook
    now: Instant

    def known(self, rule: str) -> str:
        """The rule of this id. Raises UnknownRuleError."""
        if rule not in self.rulebook.pack.rules:
            hint = suggestion(rule, self.rulebook.pack.rules) or "."
            raise UnknownRuleError(f"There is no rule `{rule}`{hint} See `amends rules list`.")
        return rule


@contextmanager
def house_at(db: str | None) -> Iterator[House]:
    """The rules of a database as they are wanted now."""
    config, now = load_config(db=db), WallClock().now()
    store = open_store(config.db)
    try:
        with store.reading() as work:
            standing = standing_at(work.rules, now)
        yield House(store, Rulebook(read_files(config.rules or None), standing, now), now)
    finally:
        store.database.close()


@click.command(epilog="Example: amends rules show tracking_stalled > tracking_stalled.yaml")
@click.argument("id_", metavar="ID")
@click.option("--version", "number", type=int, help="An earlier version instead of the one that stands.")
@db_option
def show(*, id_: str, number: int | None, db: str | None) -> None:
    """Print the text of a rule, to be edited and given to `set` or `draft`."""
    with house_at(db) as house:
        if number is not None:
            with house.store.reading() as work:
                text: str | None = work.rules.version(id_, number).text
        else:
            text = house.rulebook.text_of(house.known(id_))
    click.echo(text, nl=False)


@click.command("set", epilog="Example: amends rules set tracking_stalled.yaml --why 'Too nervous in December'")
@_file
@_why_option
@_who_option
@_expires_option
@db_option
def set_(*, file: Path, why: str, who: str, expires: str | None, db: str | None) -> None:
    """Make the rule in FILE its newest version; a running server brings it live."""
    text, rule = _read(file)
    with house_at(db) as house, house.store.writing() as work, _problems_told():
        version = change_rule(
            work, house.rulebook, rule, text, now=house.now, who=who, why=why, expires_at=_moment(expires, house.now)
        )
    output.say(f"{rule} has version {version.number} now{_until(version.expires_at)}.")


@click.command(epilog="Example: amends rules versions tracking_stalled --json")
@click.argument("id_", metavar="ID")
@db_option
@output.json_option
def versions(*, id_: str, db: str | None, as_json: bool) -> None:
    """Who changed a rule, when and why; its draft, and what is otherwise for some."""
    with house_at(db) as house, house.store.reading() as work:
        made = work.rules.versions(id_)
        drafts = work.rules.drafts(id_)
        overrides = work.rules.overrides(id_)
        quiet = work.snoozes.of_rule(id_, 100)
        if not (made or drafts or overrides or quiet):
            house.known(id_)
    document: dict[str, Any] = {
        "rule": id_,
        "versions": [_told(one) for one in made],
        "drafts": [_told(one) for one in drafts],
        "overrides": [_told(one) for one in overrides],
        "snoozes": [_told(one) for one in quiet],
    }
    if as_json:
        output.print_json(document)
        return
    if not made:
        output.say(f"{id_} was never changed here: it stands as the rule files have it.")
    else:
        rows = [
            (v["number"], v["made_at"], v["made_by"], v["origin"], v["expires_at"], v["why"])
            for v in document["versions"]
        ]
        output.print_table(("version", "at", "by", "how", "until", "why"), rows)
    for one in document["drafts"]:
        output.say(f"Draft of {one['made_at']} by {one['made_by']} ({one['outcome'] or 'runs'}): {one['why']}")
    for one in document["overrides"]:
        state = f"ended {one['ended_at']}" if one["ended_at"] else f"until {one['expires_at'] or 'it is ended'}"
        output.say(f"Override {one['id']} ({state}) by {one['made_by']}: {one['why']}")
        output.say("\n".join(f"  {line}" for line in one["text"].strip().splitlines()))
    for one in document["snoozes"]:
        state = "over" if one["ended_at"] else f"until {one['until']}"
        output.say(f"Quiet {one['id']} ({state}) on {one['kind']} {one['subject']} by {one['made_by']}: {one['why']}")


@click.command(epilog="Example: amends rules diff tracking_stalled 1 2")
@click.argument("id_", metavar="ID")
@click.argument("old", type=int)
@click.argument("new", type=int)
@db_option
def diff(*, id_: str, old: int, new: int, db: str | None) -> None:
    """What version NEW of a rule has otherwise than version OLD."""
    with house_at(db) as house, house.store.reading() as work:
        before, after = (work.rules.version(id_, number).text.splitlines() for number in (old, new))
    lines = difflib.unified_diff(before, after, f"{id_} version {old}", f"{id_} version {new}", lineterm="")
    output.say("\n".join(lines) or "Word for word the same.")


@click.command(epilog="Example: amends rules restore tracking_stalled 1 --why 'Found too little'")
@click.argument("id_", metavar="ID")
@click.argument("number", type=int)
@_why_option
@_who_option
@db_option
def restore(*, id_: str, number: int, why: str, who: str, db: str | None) -> None:
    """Bring an earlier version back, which makes a new one."""
    with house_at(db) as house, house.store.writing() as work, _problems_told():
        version = restore_version(work, house.rulebook, id_, number, now=house.now, who=who, why=why)
    output.say(f"{id_} has version {version.number} now, which is version {number} again.")


@click.command(epilog="Example: amends rules draft tracking_stalled.yaml --why 'Is four days too nervous?'")
@_file
@_why_option
@_who_option
@db_option
def draft(*, file: Path, why: str, who: str, db: str | None) -> None:
    """Let the rule in FILE run in the shadow of the live one: what it finds opens no case."""
    text, rule = _read(file)
    with house_at(db) as house, house.store.writing() as work, _problems_told():
        draft_rule(work, house.rulebook, rule, text, now=house.now, who=who, why=why)
    output.say(f"The draft of {rule} runs in the shadow; its page in the console shows it beside what is live.")


@click.command(epilog="Example: amends rules promote tracking_stalled")
@click.argument("id_", metavar="ID")
@click.option("--why", default="", metavar="TEXT", help="Why, if for another reason than the draft was made.")
@_who_option
@db_option
def promote(*, id_: str, why: str, who: str, db: str | None) -> None:
    """Make the draft of a rule its newest version."""
    with house_at(db) as house, house.store.writing() as work, _problems_told():
        version = promote_draft(work, house.rulebook, id_, now=house.now, who=who, why=why)
    output.say(f"{id_} has version {version.number} now, which was the draft.")


@click.command(epilog="Example: amends rules discard tracking_stalled")
@click.argument("id_", metavar="ID")
@_who_option
@db_option
def discard(*, id_: str, who: str, db: str | None) -> None:
    """Let the draft of a rule run no more; what it found is kept."""
    with house_at(db) as house, house.store.writing() as work:
        discard_draft(work, id_, now=house.now, who=who)
    output.say(f"The draft of {id_} runs no more.")


@click.command(
    epilog="Example: amends rules override tracking_stalled --for \"carrier = 'EMS'\" --off --why 'No scans'"
)
@click.argument("id_", metavar="ID")
@click.option("--for", "condition", metavar="CONDITION", help="For whom; without it, for all.")
@click.option("--set", "parts", multiple=True, metavar="PART=VALUE", help="What is otherwise; may be repeated.")
@click.option("--off", is_flag=True, help="It is not to fire for them.")
@_why_option
@_who_option
@_expires_option
@db_option
def override(
    *,
    id_: str,
    condition: str | None,
    parts: tuple[str, ...],
    off: bool,
    why: str,
    who: str,
    expires: str | None,
    db: str | None,
) -> None:
    """Have a rule otherwise for a shop, a channel, a lane, or whatever its rows say."""
    entry: dict[str, Any] = {} if condition is None else {"for": condition}
    for part in parts:
        name, sign, value = part.partition("=")
        if not sign:
            raise click.UsageError(f"{part!r} is not PART=VALUE, such as within='12 days'.")
        entry[name.strip()] = value.strip()
    if off:
        entry["off"] = True
    text = yaml.safe_dump(entry, allow_unicode=True, sort_keys=False, width=1_000)
    with house_at(db) as house, house.store.writing() as work, _problems_told():
        made = add_override(
            work, house.rulebook, house.known(id_), text, now=house.now, who=who, why=why,
            expires_at=_moment(expires, house.now),
        )  # fmt: skip
    output.say(f"Override {made.id} of {id_} is in force{_until(made.expires_at)}.")


@click.command("end-override", epilog="Example: amends rules end-override tracking_stalled 3")
@click.argument("id_", metavar="ID")
@click.argument("number", type=int)
@_who_option
@db_option
def end_override(*, id_: str, number: int, who: str, db: str | None) -> None:
    """Put an override out of force."""
    with house_at(db) as house, house.store.writing() as work:
        work.rules.end_override(id_, number, now=house.now, who=who)
    output.say(f"Override {number} of {id_} is in force no more.")


@click.command(epilog="Example: amends rules quiet tracking_stalled shipment LP01 --until '3 days' --why Agreed")
@click.argument("id_", metavar="ID")
@click.argument("kind")
@click.argument("subject")
@click.option("--until", required=True, metavar="WHEN", help="A length such as '3 days', or 2026-12-01T00:00:00Z.")
@_why_option
@_who_option
@db_option
def quiet(*, id_: str, kind: str, subject: str, until: str, why: str, who: str, db: str | None) -> None:
    """Keep a rule quiet of one subject: what it finds is kept, and opens no case before the time is over."""
    with house_at(db) as house, house.store.writing() as work:
        end = _moment(until, house.now)
        assert end is not None
        rule = house.known(id_)
        made = work.snoozes.add(rule, kind, subject, until=end, now=house.now, who=who, why=why)
    output.say(f"{id_} is quiet of {kind} {subject}{_until(made.until)}.")


COMMANDS: Final = (
    show, set_, versions, diff, restore, draft, promote, discard, override, end_override, quiet,
)  # fmt: skip
"""What `amends rules` has beside check, list and explain."""


@contextmanager
def _problems_told() -> Iterator[None]:
    """Problems of a rule are printed as `rules check` does, with nothing changed."""
    try:
        yield
    except PackError as error:
        for problem in error.problems:
            output.say(problem)
        raise ProblemsFound from None


def _read(file: Path) -> tuple[str, str]:
    """A rule's text and its id."""
    text = file.read_text(encoding="utf-8")
    rule = parse_document(text, str(file)).content.get("id")
    if not isinstance(rule, str):
        raise UnusableInputError(f"{file}: a rule alone begins with `id:`; `amends rules show ID` prints one.")
    return text, rule


def _moment(text: str | None, now: Instant) -> Instant | None:
    if text is None:
        return None
    try:
        return Instant(now + parse_duration(text))
    except UnreadableTimeError:
        return parse_instant(text)


def _until(moment: Instant | None) -> str:
    return "" if moment is None else f" until {format_instant(moment)}"


def _told(one: msgspec.Struct) -> dict[str, Any]:
    document = msgspec.structs.asdict(one)
    for name in ("made_at", "expires_at", "ended_at", "until"):
        if document.get(name) is not None:
            document[name] = format_instant(document[name])
    return document
