"""`amends vendors`: the connectors, what each can read, how it is signed, and what it can be told to do."""

from typing import Any

import click

from amends.cli import output
from amends.connectors import CONNECTORS
from amends.connectors.acting import does


def vendors() -> list[dict[str, Any]]:
    """Each connector in words."""
    return [
        {
            "vendor": connector.vendor,
            "reads": list(connector.reads),
            "signing": connector.signing,
            "can": ["receive", "verify", "translate", *sorted(does(connector.vendor))],
            "does": sorted(does(connector.vendor)),
        }
        for connector in CONNECTORS.values()
    ]


@click.command(epilog="Example: amends vendors --json")
@output.json_option
def command(*, as_json: bool) -> None:
    """List the connectors: what each can read, how its deliveries are signed, and what it can be told to do."""
    known = vendors()
    if as_json:
        output.print_json({"vendors": known})
        return
    rows = [[one["vendor"], "\n".join(one["reads"]), one["signing"], "\n".join(one["does"])] for one in known]
    output.print_table(["vendor", "reads", "signed with", "does"], rows)
