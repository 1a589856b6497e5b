"""The `amends` command.

**To add a sub-command** NAME: write `src/amends/cli/NAME.py` with a click command (or group) called `command`,
and give it a line in COMMANDS. Its module is imported when the command is called or its help is asked for, so that
`amends --help` stays quick and a command's heavy imports are its own. Write its help so:

    @click.command(epilog="Example: amends decode shopify order.json --json")
    @output.json_option
    def command(*, as_json: bool) -> None:
        \"\"\"Read one raw delivery through its connector.\"\"\"

**Output** goes by `amends.cli.output`: tables for people, one JSON document with `--json`.

**Errors** go to standard error as one sentence saying what to do next, and end the process:

| exit | means | raise |
|---|---|---|
| 0 | done | |
| 1 | found problems | `raise ProblemsFound()` after printing them |
| 2 | unusable input | `UnusableInputError`, or any error of click's |
| 3 | a dependency failed | `DependencyFailedError`; an OSError counts as one |

Both are in `amends.model.errors`, where the whole tree is drawn. Let such an error pass: catching, wording and
exiting happen here, once. Anything else that comes up here is a bug, and is said to be one.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence

import click

import amends
from amends.model.errors import AmendsError, UnusableInputError

COMMANDS = {
    "demo": "a simulated world of shops, with the console that watches it",
    "serve": "ingest, console, buyers' pages and worker in one process",
    "web": "ingest, console and buyers' pages alone",
    "worker": "the worker alone",
    "decode": "read a raw delivery through its connector",
    "connections": "say whose webhooks are believed, and where Amends may act",
    "vendors": "list the connectors and what each can read",
    "history": "load tables of past orders into the journal",
    "events": "load CloudEvents into the journal",
    "backtest": "run the rules over history",
    "rules": "check, list, explain and change rules",
    "sim": "write the simulated world to files, with its truth",
    "bench": "measure speed, with the conditions of each figure",
    "doctor": "check this installation",
    "verify-audit": "check that the record of who did what is whole",
}
"""Each sub-command and what it does. One without a module of its name is not there, and not shown."""

EXIT_PROBLEMS, EXIT_UNUSABLE, EXIT_DEPENDENCY = 1, 2, 3


class ProblemsFound(click.exceptions.Exit):
    """The command did its work, and what it looked at has problems, which it has printed: exit 1."""

    def __init__(self) -> None:
        super().__init__(EXIT_PROBLEMS)


def _module(name: str) -> str:
    return f"amends.cli.{name.replace('-', '_')}"


class _Commands(click.Group):
    """Sub-commands by name, imported when wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(_module(cmd_name)).command
        assert isinstance(command, click.Command), f"{_module(cmd_name)}.command is not a click command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # From the table, not from the commands: the list of all must not import all.
        if names := self.list_commands(ctx):
            with formatter.section("Commands"):
                formatter.write_dl([(name, COMMANDS[name]) for name in names])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Example: amends demo",
)
@click.version_option(amends.__version__, prog_name="amends")
@click.option("--debug", is_flag=True, help="Show where in the code an error came from.")
def root(*, debug: bool) -> None:
    """Notices when a cross-border order goes wrong, and carries it until the buyer has been put right."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; every error becomes a sentence on standard error and one of the exit codes above."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        outcome = root.main(arguments, prog_name="amends", standalone_mode=False)
    except BaseException as error:
        if "--debug" in arguments[:1]:
            traceback.print_exc()
        return _explain(error)
    return outcome if isinstance(outcome, int) else 0


def _explain(error: BaseException) -> int:
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return 0
        case click.UsageError():
            error.show()
            return EXIT_UNUSABLE
        case click.ClickException():
            click.echo(error.format_message(), err=True)
            return EXIT_UNUSABLE
        case click.Abort() | KeyboardInterrupt():
            click.echo("Stopped.", err=True)
            return 130
        case UnusableInputError():
            click.echo(str(error), err=True)
            return EXIT_UNUSABLE
        case AmendsError():
            click.echo(str(error), err=True)
            return EXIT_DEPENDENCY
        case OSError():
            click.echo(_os_sentence(error), err=True)
            return EXIT_DEPENDENCY
        case Exception():
            click.echo(_bug_sentence(error), err=True)
            return EXIT_DEPENDENCY
    raise error


def _os_sentence(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what}. Put that right and run the command again."


def _bug_sentence(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"This is a bug in Amends ({type(error).__name__}: {error}, at {place.filename}:{place.lineno}): "
        "run it again as `amends --debug ...` and report what it prints."
    )
