"""`amends connections`: which accounts at which vendors may deliver, with what secrets, and where we may act."""

import base64
import re
import secrets
import sys

import click

from amends.cli import output
from amends.connectors.acting import does, masked, seat_of
from amends.connectors.registry import connector_of
from amends.model.errors import UnusableInputError
from amends.model.instant import format_instant
from amends.runtime.clock import WallClock
from amends.runtime.config import load_config, variable_called
from amends.runtime.wiring import open_store

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OUR_OWN = "cloudevents"
"""The vendor whose senders are systems of one's own, and whose secrets are ours to make."""

_db_option = click.option("--db", metavar="URL", help="The database, if not the configured one.")


class UnusableAccountError(UnusableInputError):
    """A name of an account that cannot stand in an address, or is not there."""


@click.group(epilog="Example: amends connections add shopify acme-us")
def command() -> None:
    """Say whose webhooks are believed, and where Amends may act. A running server believes within two seconds."""


@command.command(epilog="Example: amends connections add stripe acme-us < signing-secret.txt")
@click.argument("vendor")
@click.argument("account")
@click.option("--new-secret", is_flag=True, help=f"Make a secret and print it, for a sender of your own ({_OUR_OWN}).")
@_db_option
def add(*, vendor: str, account: str, new_secret: bool, db: str | None) -> None:
    """Connect an account, or change its secret, which is asked for or read from standard input.

    ACCOUNT is a name of your choice that will stand in the webhook's address.
    """
    connector_of(vendor)
    if _ACCOUNT.fullmatch(account) is None:
        raise UnusableAccountError(
            f"{account!r} cannot stand in an address: use letters, digits, dots and hyphens, such as acme-us."
        )
    if new_secret and vendor != _OUR_OWN:
        raise click.UsageError(f"The secret of {vendor} is made by {vendor}: copy it from beside the webhook there.")
    secret = _made() if new_secret else _asked(vendor)
    config = load_config(db=db)
    store = open_store(config.db)
    with store.writing() as work:
        work.connections.put(vendor, account, secret, WallClock().now())
    store.database.close()
    if new_secret:
        output.say(f"The secret to sign with is {secret}")
    output.say(f"Connected. Have {vendor} deliver to {config.base_url}/hooks/{vendor}/{account}")


@command.command("list", epilog="Example: amends connections list --json")
@_db_option
@output.json_option
def list_(*, db: str | None, as_json: bool) -> None:
    """List the connected accounts, without their secrets; of keys to act with, only the end is shown."""
    config = load_config(db=db)
    store = open_store(config.db)
    with store.reading() as work:
        connected = [
            {
                "vendor": one.vendor,
                "account": one.account,
                "address": f"{config.base_url}/hooks/{one.vendor}/{one.account}",
                "since": format_instant(one.created_at),
                "acts_with": None if one.acting_key is None else masked(one.acting_key),
                "acts_at": one.acting_address,
            }
            for one in work.connections.all()
        ]
    store.database.close()
    if as_json:
        output.print_json({"connections": connected})
    else:
        headings = ["vendor", "account", "address", "since", "acts with", "acts at"]
        output.print_table(headings, [list(one.values()) for one in connected])


@command.command(epilog="Example: amends connections act stripe acme-us < key.txt")
@click.argument("vendor")
@click.argument("account")
@click.option("--key-in", metavar="NAME", help="Take the key from this environment variable.")
@click.option("--address", metavar="URL", help="Where the vendor is: the shop's own address, or a stand-in's.")
@click.option("--stop", is_flag=True, help="Forget the key, and act there no more.")
@_db_option
def act(*, vendor: str, account: str, key_in: str | None, address: str | None, stop: bool, db: str | None) -> None:
    """Let Amends do things at an account, with a key that is asked for or read from standard input.

    A server that is running acts there once it is started anew. `amends vendors` says what it can do there.
    """
    seat = None if stop else seat_of(vendor, account, _key(vendor, key_in), address)
    key, address = (None, None) if seat is None else (seat.key, seat.address)
    store = open_store(load_config(db=db).db)
    with store.writing() as work:
        was_there = work.connections.let_act(vendor, account, key, address)
    store.database.close()
    if not was_there:
        raise UnusableAccountError(
            f"{vendor}/{account} is not connected: `amends connections add {vendor} {account}` comes first."
        )
    if seat is None:
        output.say(f"Amends does nothing at {vendor}/{account} any more.")
    else:
        done = ", ".join(sorted(does(vendor)))
        output.say(f"Amends acts at {vendor}/{account} with {masked(seat.key)}, by way of {seat.address}: {done}.")


@command.command(epilog="Example: amends connections remove shopify acme-us")
@click.argument("vendor")
@click.argument("account")
@_db_option
def remove(*, vendor: str, account: str, db: str | None) -> None:
    """Believe an account no more. What it has delivered stays."""
    store = open_store(load_config(db=db).db)
    with store.writing() as work:
        was_there = work.connections.remove(vendor, account)
    store.database.close()
    if not was_there:
        raise UnusableAccountError(f"{vendor}/{account} is not connected: `amends connections list` shows who is.")
    output.say(f"{vendor}/{account} is connected no more.")


def _made() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _key(vendor: str, variable: str | None) -> str:
    if variable is None:
        return _asked(vendor, "Key to act with at")
    key = variable_called(variable)
    if key is None:
        raise click.UsageError(f"The environment variable {variable} holds no key.")
    return key


def _asked(vendor: str, what: str = "Signing secret of") -> str:
    # Never as an argument: those stay in the shell's history and show in the list of processes.
    if sys.stdin.isatty():
        return str(click.prompt(f"{what} {vendor}", hide_input=True)).strip()
    return sys.stdin.readline().strip()
