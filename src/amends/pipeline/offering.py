"""What a buyer is offered: of a playbook's remedies those that can be had, the cheapest that keeps the buyer first."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from amends.cases.rates import RateTable
from amends.resolution.condition import Facts
from amends.resolution.economics import Economics, built_in_economics, reckoned
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.resolution.remedy import Proposal, Remedy, built_in_remedies, propose


class Offering:
    """Reckons remedies for one shop."""

    def __init__(
        self,
        rates: RateTable,
        *,
        remedies: Mapping[str, Remedy] | None = None,
        economics: Economics | None = None,
    ) -> None:
        self._rates = rates
        self._remedies = built_in_remedies() if remedies is None else remedies
        self._economics = built_in_economics() if economics is None else economics

    def proposals(self, facts: Facts, left: int, among: Iterable[str] | None = None) -> list[Proposal]:
        """What can be done for the buyer of an order of which so much may still go out; see `remedy.propose`."""
        currency = facts.get("currency")
        if not isinstance(currency, str) or left <= 0 or not self._rates.knows(currency):
            return []
        asked, stakes = reckoned(facts, left, currency, self._economics, self._rates.convert)
        return propose(self._remedies, asked, stakes, among=None if among is None else set(among))

    def offered(self, intent: Intent, facts: Facts, left: int | None) -> Intent:
        """The offer with what each of its remedies gives and costs; without those that cannot be had.

        Where nothing can be reckoned, it stays as the playbook has it.
        """
        options = intent.how.get("options", ())
        if intent.does != "offer" or left is None:
            return intent
        rest = [option for option in options if option not in self._remedies]
        if left <= 0:
            # Nothing may go out any more: what is left is what gives nothing.
            free = [option for option in options if option in self._remedies and self._remedies[option].gives == "0"]
            return msgspec.structs.replace(intent, how=intent.how | {"options": [*free, *rest]})
        found = self.proposals(facts, left, options)
        if not found:
            return intent
        ways = [proposal.remedy for proposal in found]
        how = intent.how | {"options": [*ways, *rest], "proposals": [msgspec.to_builtins(each) for each in found]}
        return msgspec.structs.replace(intent, how=how)


def agreed_of(acts: Iterable[OutboxEntry], answers: Mapping[str, str]) -> int | None:
    """What the remedy gives that the buyer chose last, in minor units of the order's currency."""
    agreed = None
    for entry in acts:
        chosen = answers.get(str(entry.intent.how.get("step")))
        proposals: list[Mapping[str, Any]] = entry.intent.how.get("proposals", [])
        for proposal in proposals:
            if proposal["remedy"] == chosen:
                agreed = int(proposal["gives"])
    return agreed
