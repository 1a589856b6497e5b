"""`amends vendors`: the connectors, what each can read, and how it is signed."""

from typing import Any

import click

from amends.cli import output
from amends.connectors import CONNECTORS


def vendors() -> list[dict[str, Any]]:
    """Each connector in words."""
    return [
        {
            "vendor": connector.vendor,
            "reads": list(connector.reads),
            "signing": connector.signing,
            "can": ["receive", "verify", "translate"],
        }
        for connector in CONNECTORS.values()
    ]


@click.command(epilog="Example: amends vendors --json")
@output.json_option
def command(*, as_json: bool) -> None:
    """List the connectors: what each can read, and how its deliveries are signed."""
    known = vendors()
    if as_json:
        output.print_json({"vendors": known})
        return
    rows = [[one["vendor"], "\n".join(one["reads"]), one["signing"]] for one in known]
    output.print_table(["vendor", "reads", "signed with"], rows)
