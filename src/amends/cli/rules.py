"""`amends rules`: check, list and explain rules; what changes them is in `rule_life`."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from amends.cli import output
from amends.cli.main import ProblemsFound
from amends.cli.rule_life import COMMANDS, UnknownRuleError, house_at
from amends.detection.condition import Language
from amends.detection.cost import Cost, costs_of
from amends.detection.explain import LANGUAGES, Explanation, cost_in_words, explain, headings
from amends.detection.pack import PackError, load_pack
from amends.detection.rule import Pack, Rule
from amends.model.suggestion import suggestion
from amends.runtime.clock import WallClock

_FILES = click.Path(exists=True, path_type=Path)
_rules_option = click.option(
    "--rules", multiple=True, metavar="PATH", type=_FILES,
    help="Rule files or folders instead of the built-in rules; may be repeated.",
)  # fmt: skip
_language_option = click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language to speak."
)
_live_option = click.option(
    "--db", metavar="URL", help="As this database has the rules: edited, and with its overrides."
)
_INDENT: Final = "  "


@click.group(epilog="Example: amends rules explain delivery_late")
def command() -> None:
    """Check, list, explain and change rules."""


@command.command(epilog="Example: amends rules check my-rules.yaml")
@click.argument("paths", nargs=-1, type=_FILES)
@output.json_option
def check(*, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check rule files, or folders of them; without PATHS, the built-in rules.

    Each problem is a sentence that begins with its place, FILE:LINE. Rules of your own may use the built-in columns.
    Exit code 1 if there are problems.
    """
    try:
        pack, problems = load_pack(paths or None), []
    except PackError as error:
        pack, problems = None, error.problems
    if as_json:
        rules = [] if pack is None else list(pack.rules)
        output.print_json({"ok": not problems, "rules": rules, "problems": [_located(text) for text in problems]})
    elif pack is None:
        for problem in problems:
            output.say(problem)
    else:
        where = ", ".join(map(str, paths)) or "the built-in pack"
        output.say(f"{where}: {len(pack.rules)} rules over {len(pack.tables)} tables, no problems.")
    if problems:
        raise ProblemsFound


@command.command("list", epilog="Example: amends rules list --json")
@_rules_option
@_live_option
@_language_option
@output.json_option
def list_(*, rules: tuple[Path, ...], db: str | None, language: Language, as_json: bool) -> None:
    """List the rules."""
    pack = _pack(rules, db)
    if as_json:
        costs = costs_of(pack)
        output.print_json([_listed(rule, costs[rule.id]) for rule in pack.rules.values()])
        return
    rows = [
        (rule.id, rule.exception, rule.kind, rule.table, rule.severity, rule.trouble, rule.title[language])
        for rule in pack.rules.values()
    ]
    output.print_table(("rule", "exception", "kind", "of", "severity", "trouble", "title"), rows)


@command.command("explain", epilog="Example: amends rules explain delivery_late --lang zh-Hans")
@click.argument("id_", metavar="ID")
@_rules_option
@_live_option
@_language_option
@output.json_option
def explain_(*, id_: str, rules: tuple[Path, ...], db: str | None, language: Language, as_json: bool) -> None:
    """Say in words what a rule does: what it watches, when it fires and clears, what is at stake.

    ID is the id of a rule, or of an exception, of which every rule is explained.
    """
    pack = _pack(rules, db)
    wanted = [rule for rule in pack.rules.values() if id_ in (rule.id, rule.exception)]
    wanted = [rule for rule in wanted if rule.id == id_] or wanted
    if not wanted:
        known = [*pack.rules, *(rule.exception for rule in pack.rules.values())]
        raise UnknownRuleError(f"There is no rule `{id_}`{suggestion(id_, known) or '.'} See `amends rules list`.")
    costs = costs_of(pack)
    told = [(explain(pack, rule, language), rule) for rule in wanted]
    if as_json:
        document = [msgspec.structs.asdict(one) | {"cost": costs[rule.id]} for one, rule in told]
        output.print_json(document[0] if len(document) == 1 else document)
        return
    pages = [_page(one, cost_in_words(costs[rule.id], rule, language), language) for one, rule in told]
    output.say("\n\n".join("\n".join(page) for page in pages))


def _pack(rules: tuple[Path, ...], db: str | None) -> Pack:
    if db is None:
        return load_pack(rules or None, at=WallClock().now())
    if rules:
        raise click.UsageError("Give either --rules or --db.")
    with house_at(db) as house:
        return house.rulebook.pack


def _page(one: Explanation, cost: list[str], language: Language) -> list[str]:
    names = headings(language)
    width = max((len(fact.name) for fact in one.facts), default=0)
    lines = [f"{one.title} ({one.id})", one.summary]
    if one.facts:
        lines += ["", names["facts"], *(f"{_INDENT}{fact.name:<{width}}  {fact.means}" for fact in one.facts)]
    lines += ["", names["fires"], *(_INDENT + line for line in one.fires)]
    lines += ["", names["clears"], *(_INDENT + line for line in one.clears)]
    lines += ["", names["loss"], _INDENT + one.loss]
    if one.overrides:
        lines += ["", names["overrides"], *(_INDENT + line for line in one.overrides)]
    if one.evidence:
        lines += ["", names["evidence"], _INDENT + ", ".join(one.evidence)]
    lines += ["", names["says"], _INDENT + one.says]
    return [*lines, "", names["cost"], *(_INDENT + line for line in cost)]


def _listed(rule: Rule, cost: Cost) -> dict[str, Any]:
    return {
        "id": rule.id,
        "exception": rule.exception,
        "kind": rule.kind,
        "table": rule.table,
        "version": rule.version,
        "severity": rule.severity,
        "trouble": rule.trouble,
        "title": rule.title,
        "says": rule.says,
        "conditions": rule.conditions,
        "loss": rule.loss,
        "evidence": rule.evidence,
        "cost": cost,
    }


def _located(problem: str) -> dict[str, Any]:
    """A problem's sentence, taken apart where it begins with FILE:LINE."""
    file, _, rest = problem.partition(":")
    line, _, sentence = rest.partition(":")
    if line.strip().isdigit():
        return {"file": file, "line": int(line), "problem": sentence.strip()}
    return {"file": file, "line": None, "problem": rest.strip()}


for _each in COMMANDS:
    command.add_command(_each)
