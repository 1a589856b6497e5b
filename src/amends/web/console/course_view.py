"""What is done to put a case right, step by step: what has been, where it stands, what may come. Pure.

Where the case stands, its playbook, its acts, tasks and answers go in; lines to read come out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from amends.cases.case import Case
from amends.messaging.render import Letter
from amends.model.instant import Instant
from amends.model.money import Money
from amends.pipeline.outbox import UNABLE
from amends.resolution.intent import Intent, IntentState
from amends.resolution.outbox import OutboxEntry
from amends.resolution.outlook import Ahead, outlook
from amends.resolution.playbook import Playbook, Step, outcomes_of
from amends.resolution.stepping import BY_HAND, Standing, Task, intent_of, next_due, step_id
from amends.store.tasks import Given, MadeTask
from amends.web.console import labels
from amends.web.console.codes import code_words
from amends.web.console.letters import SPOKEN, letter_of
from amends.web.console.record import Names
from amends.web.console.render import translated
from amends.web.console.words import (
    act_words,
    choice_words,
    condition_words,
    detail_words,
    letter_words,
    outcome_words,
    role_words,
    step_words,
    whose_part,
    whose_task_words,
)
from amends.web.languages import mark
from amends.web.visit import Visitor

BUYER: Final = "buyer"
"""Who gave an answer that the buyer gave."""
_SHOWN: Final = 5
"""So many of the latest lines are shown; what came before is one click away."""

STATES: Final[dict[IntentState, str]] = {
    "proposed": mark("waits for approval"),
    "approved": mark("waits to leave"),
    "sending": mark("being sent"),
    "unknown": mark("no answer yet, being looked up"),
    "accepted": mark("accepted, not confirmed yet"),
    "confirmed": mark("done"),
    "refused": mark("refused"),
    "withdrawn": mark("withdrawn before it left"),
}
LETTER_STATES: Final[dict[IntentState, str]] = {
    **STATES,
    "accepted": mark("sent"),
    "confirmed": mark("arrived"),
    "refused": mark("could not be sent"),
}
_LETTERS: Final = {
    "tell": mark("Letter: “%(letter)s”"), "ask": mark("Question: “%(letter)s”"), "offer": mark("Offer: “%(letter)s”"),
}  # fmt: skip
TONES: Final[dict[IntentState, str]] = {
    "proposed": "waits", "unknown": "waits", "accepted": "good", "confirmed": "good", "refused": "bad",
    "withdrawn": "off",
}  # fmt: skip
"""How a state is set: by its sign and its words, not by colour alone."""
_WELL: Final = ("confirmed", "withdrawn")
_SENT: Final = (*_WELL, "accepted")
"""States of acts, and of letters, to which the other side's own words add nothing."""


class CourseFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of how a case is put right; `shop_name` and `address` stand in letters."""

    standing: Standing | None = None
    playbook: Playbook | None = None
    acts: Sequence[OutboxEntry] = ()
    tasks: Sequence[MadeTask] = ()
    answers: Sequence[Given] = ()
    facts: Mapping[str, Any] = {}
    shop_name: str = ""
    address: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A button that leads to a form; the `first` is the likeliest."""

    words: str
    address: str
    first: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done, is being done, or waits for somebody."""

    at: Instant
    icon: str
    title: str
    state: str = ""
    tone: str = ""
    state_at: Instant | None = None
    amount: str = ""
    details: list[str] = []
    letter: Letter | None = None
    due_at: Instant | None = None
    over: bool = False
    decisions: list[Decision] = []


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What may come: if it comes to `outcome`, then `steps`."""

    outcome: str
    then: str


class CourseView(msgspec.Struct, frozen=True, kw_only=True):
    """What the template asks for. `now` is where it stands, in one sentence."""

    earlier: list[Line]
    lines: list[Line]
    now: str
    tone: str
    until: Instant | None
    ways: list[Way]
    exception: str


def course_view(file: CourseFile, case: Case, people: Names, visitor: Visitor) -> CourseView | None:
    """The part of the page; None where nothing was done and nothing will be."""
    if file.standing is None and (file.playbook is None or not case.is_active):
        return None
    teller = _Teller(file, case, people, visitor)
    lines = sorted(teller.lines(), key=lambda line: line.at)
    now, tone = teller.now()
    return CourseView(
        earlier=lines[:-_SHOWN],
        lines=lines[-_SHOWN:],
        now=now,
        tone=tone,
        until=teller.until(),
        ways=teller.ways(),
        exception=case.grade.exception if file.standing is None else file.standing.exception,
    )


def money_of(intent: Intent, visitor: Visitor) -> str:
    """What an act is about, in its own currency."""
    amount, currency = intent.how.get("amount"), intent.how.get("currency")
    return visitor.say.money(Money(amount, currency)) if isinstance(amount, int) and currency else ""


def remedy_words(offer: Intent, visitor: Visitor) -> dict[str, str]:
    """What each remedy of an offer gives the buyer and costs the shop, by its name; only what has been reckoned."""
    currency, text = offer.how.get("currency"), mark("gives %(gives)s, costs us about %(cost)s")
    if not isinstance(currency, str):
        return {}
    return {
        str(one["remedy"]): translated(visitor, text)
        % {name: visitor.say.money(Money(int(one[name]), currency)) for name in ("gives", "cost")}
        for one in offer.how.get("proposals", ())
    }


def intent_words(intent: Intent, visitor: Visitor) -> str:
    """What an act is called: a letter by its subject, and else what is done and at whom."""
    say = visitor.say
    if intent.does in SPOKEN:
        return letter_words(str(intent.how.get("what")), say)
    where = intent.how.get(whose_part(intent.does) or "")
    words = act_words(intent.does, say)
    return words if not where else f"{words} · {code_words(str(where), say)}"


def decisions_of(step: Step, case: str, asked: str, visitor: Visitor) -> list[Decision]:
    """What may be answered to a step, each as a button; of a choice, that the buyer has made it elsewhere."""
    address = f"/cases/{case}/steps/{quote(asked, safe='')}"
    if step.do in ("ask", "offer"):
        return [Decision(words=translated(visitor, mark("The buyer has chosen")), address=address)]
    return [
        Decision(words=outcome_words(step, outcome, visitor.say), address=f"{address}?said={outcome}", first=not place)
        for place, outcome in enumerate(outcomes_of(step))
        if outcome != "late"
    ]


class _Teller:
    """Tells of one case to one visitor."""

    def __init__(self, file: CourseFile, case: Case, people: Names, visitor: Visitor) -> None:
        self._file, self._case, self._people, self._visitor = file, case, people, visitor
        self._say, self._may = visitor.say, visitor.user.may("agent")
        self._given = {(given.round, given.step): given for given in file.answers}

    def _words(self, text: str, **values: str) -> str:
        said = translated(self._visitor, text)
        return said % values if values else said

    # ------------------------------------------------------------ where it stands

    def _step(self) -> Step | None:
        """The step that the case is at, by the playbook as it was when the case came there."""
        standing, playbook = self._file.standing, self._file.playbook
        if standing is None or standing.step is None or playbook is None or playbook.version != standing.version:
            return None
        return next((step for step in playbook.steps if step.name == standing.step), None)

    def until(self) -> Instant | None:
        """When time alone takes the case further."""
        standing, playbook, step = self._file.standing, self._file.playbook, self._step()
        return None if standing is None or playbook is None or step is None else next_due(playbook, standing)

    def now(self) -> tuple[str, str]:
        """Where the case stands in one sentence, and its tone."""
        standing, step = self._file.standing, self._step()
        if standing is None and self._case.touched:
            return self._words(mark("People took this up before its playbook could begin: it stays theirs.")), ""
        if standing is None:
            return self._words(mark("Its playbook begins in a moment.")), ""
        if standing.step is None:
            return self._over(standing)
        if step is None:
            return self._words(mark("Its playbook has changed on the way: a lead goes on.")), "waits"
        until = self.until()
        when = "" if until is None else self._say.clock(until)
        return self._waits(step, standing, when), "waits" if step.do == "task" else ""

    def _over(self, standing: Standing) -> tuple[str, str]:
        if standing.ending == "handed":
            who = role_words(standing.role or "lead", self._say)
            return self._words(mark("The playbook is over. From here on: %(role)s."), role=who), "waits"
        if standing.ending == "healed":
            return self._words(mark("The trouble has gone away by itself; nothing more leaves.")), "good"
        outcome = "" if standing.outcome is None else self._words(labels.OUTCOMES[standing.outcome])
        return self._words(mark("The playbook has come to its end: %(outcome)s."), outcome=outcome), "good"

    def _waits(self, step: Step, standing: Standing, when: str) -> str:
        match step.do:
            case "ask" | "offer":
                known = (
                    mark("Waits until %(when)s for the buyer's choice.")
                    if when
                    else mark("Waits for the buyer's choice.")
                )
                return self._words(known, when=when)
            case "wait" if step.what == "time":
                return self._words(mark("Waits until %(when)s."), when=when)
            case "wait":
                known = (
                    mark("Waits, until %(when)s at the latest, until %(condition)s.")
                    if when
                    else mark("Waits until %(condition)s.")
                )
                return self._words(known, when=when, condition=condition_words(step.what, self._say))
            case "task":
                role = role_words(str(step.details.get("role", "")), self._say)
                known = mark("Waits for this until %(when)s: %(role)s.") if when else mark("Waits for this: %(role)s.")
                return self._words(known, when=when, role=role)
            case _:
                return self._acts(step, standing, when)

    def _acts(self, step: Step, standing: Standing, when: str) -> str:
        act = intent_of(standing, step)
        entry = next((entry for entry in self._file.acts if entry.intent.id == act), None)
        if entry is not None and entry.intent.state == "proposed":
            known = (
                mark("Waits until %(when)s for somebody to approve it.")
                if when
                else mark("Waits for somebody to approve it.")
            )
        else:
            known = (
                mark("Waits until %(when)s for the word that it is done.")
                if when
                else mark("Waits for the word that it is done.")
            )
        return self._words(known, when=when)

    def ways(self) -> list[Way]:
        """What may come, each step once, with all that leads to it."""
        step, playbook, standing = self._step(), self._file.playbook, self._file.standing
        if step is None or playbook is None or standing is None:
            return []
        leading: dict[str, list[str]] = {}
        for outcome in self._outcomes(step):
            ahead = outlook(playbook, standing, outcome, self._file.facts, self._say.now)
            if not ahead:
                continue
            then = self._then(ahead[0])
            leading.setdefault(then, []).append(outcome_words(step, outcome, self._say))
        return [Way(outcome=" · ".join(outcomes), then=then) for then, outcomes in leading.items()]

    def _then(self, ahead: Ahead) -> str:
        """A step with the amount that it would be about now."""
        words, currency = step_words(ahead.step, self._say), self._file.facts.get("currency")
        if ahead.amount is None or ahead.amount <= 0 or not isinstance(currency, str):
            return words
        return f"{words} {self._say.money(Money(ahead.amount, currency))}"

    def _outcomes(self, step: Step) -> list[str]:
        """What the step may come to, without what the buyer was not offered."""
        standing = self._file.standing
        act = "" if standing is None else intent_of(standing, step)
        asked = next((entry.intent for entry in self._file.acts if entry.intent.id == act), None)
        offered = step.options if asked is None else asked.how.get("options", step.options)
        return [outcome for outcome in outcomes_of(step) if outcome not in step.options or outcome in offered]

    def _either(self, words: list[str]) -> str:
        told = words[0]
        for word in words[1:]:
            told = self._words(mark("%(one)s, or %(other)s"), one=told, other=word)
        return told

    # ------------------------------------------------------------ what has been

    def lines(self) -> list[Line]:
        """Who answered what, acts, and tasks: of the same moment, an answer comes before what it led to."""
        acts = [self._act(entry) for entry in self._file.acts]
        return [*self._answers(), *acts, *(self._task(made) for made in self._file.tasks)]

    def _act(self, entry: OutboxEntry) -> Line:
        intent = entry.intent
        is_letter, words = intent.does in SPOKEN, intent_words(intent, self._visitor)
        state = self._words((LETTER_STATES if is_letter else STATES)[intent.state])
        if intent.state == "withdrawn" and self._person(entry.granted_by):
            state = self._words(mark("refused by %(name)s"), name=self._person(entry.granted_by))
        return Line(
            at=intent.planned_at,
            icon="mail" if is_letter else "bolt",
            title=self._words(_LETTERS[intent.does], letter=words) if is_letter else words,
            state=state,
            tone=TONES.get(intent.state, ""),
            state_at=intent.since if intent.since != intent.planned_at else None,
            amount=money_of(intent, self._visitor),
            details=self._act_details(entry),
            letter=letter_of(
                intent, entry.sent_at or self._say.now, shop=self._file.shop_name, address=self._file.address
            ),
            decisions=[*self._grants(intent), *self._choices(intent)],
        )

    def _act_details(self, entry: OutboxEntry) -> list[str]:
        details, is_letter = [], entry.intent.does in SPOKEN
        if is_letter and entry.intent.how.get("options"):
            details += self._options(entry.intent)
        if entry.intent.state != "withdrawn" and self._person(entry.granted_by):
            details.append(self._words(mark("approved by %(name)s"), name=self._person(entry.granted_by)))
        details += detail_words(entry.intent.how, self._say)
        if entry.says == UNABLE.format(does=entry.intent.does):
            details.append(self._words(mark("Nothing that is connected is able to do this.")))
        elif entry.says and entry.intent.state not in (_SENT if is_letter else _WELL):
            details.append(entry.says)
        # A letter's is a Message-ID, which says nothing to anybody.
        if entry.ref and not is_letter:
            details.append(self._words(mark("their reference: %(reference)s"), reference=entry.ref))
        return details

    def _options(self, intent: Intent) -> list[str]:
        """What could be chosen; a line for each of what has been reckoned."""
        options = {str(option): choice_words(str(option), self._say) for option in intent.how["options"]}
        costs = remedy_words(intent, self._visitor)
        if not costs:
            return [self._words(mark("To choose from: %(options)s"), options=" · ".join(options.values()))]
        lines = {option: self._words(mark("“%(words)s”"), words=words) for option, words in options.items()}
        colon = mark("%(name)s: %(answer)s")
        return [
            self._words(colon, name=words, answer=costs[option]) if option in costs else words
            for option, words in lines.items()
        ]

    def _person(self, who: str | None) -> str:
        return self._people.people.get(who or "", "")

    def _grants(self, intent: Intent) -> list[Decision]:
        if intent.state != "proposed" or not self._may:
            return []
        address = f"/cases/{self._case.id}/acts/{intent.id}"
        return [
            Decision(words=self._words(mark("Approve")), address=f"{address}/approve", first=True),
            Decision(words=self._words(mark("Refuse")), address=f"{address}/refuse"),
        ]

    def _choices(self, intent: Intent) -> list[Decision]:
        """That the buyer has chosen, while the case waits for that."""
        standing, step = self._file.standing, self._step()
        if standing is None or step is None or step.do not in ("ask", "offer") or not self._case.is_active:
            return []
        return self._answerable(step_id(standing)) if intent.id == intent_of(standing, step) else []

    def _task(self, made: MadeTask) -> Line:
        task, given = made.task, self._given.get((made.round, made.task.id))
        is_open = self._is_open(made)
        amount, currency = task.details.get("amount"), self._currency()
        return Line(
            at=made.made_at,
            icon="checklist",
            title=whose_task_words(task.what, task.details, self._say),
            state=self._left_open(made) if given is None and not is_open else "",
            tone="waits" if is_open else "off" if given is None else "good",
            amount=self._say.money(Money(amount, currency)) if isinstance(amount, int) and currency else "",
            due_at=task.due_at if is_open else None,
            over=is_open and task.due_at is not None and task.due_at <= self._say.now,
            decisions=self._task_decisions(task) if is_open else [],
        )

    def _task_decisions(self, task: Task) -> list[Decision]:
        if not task.id.startswith(BY_HAND):
            return self._answerable(task.id)
        step = Step(name=task.id, do="task", what=task.what, details=task.details)
        return decisions_of(step, self._case.id, task.id, self._visitor) if self._may else []

    def _is_open(self, made: MadeTask) -> bool:
        standing = self._file.standing
        if made.task.id.startswith(BY_HAND):
            key = (made.round, made.task.id)
            return standing is not None and key[0] == standing.round and key not in self._given
        if standing is None or standing.step is None or not self._case.is_active:
            return False
        return (made.round, made.task.id) == (standing.round, step_id(standing))

    def _left_open(self, made: MadeTask) -> str:
        """Why a task is nobody's any more that nobody has answered."""
        standing, due = self._file.standing, made.task.due_at
        is_late = standing is not None and due is not None and due <= standing.since
        return self._words(mark("not done in time") if is_late else mark("not needed any more"))

    def _answerable(self, asked: str) -> list[Decision]:
        step = self._step()
        return decisions_of(step, self._case.id, asked, self._visitor) if step is not None and self._may else []

    def _currency(self) -> str:
        told = (entry.intent.how.get("currency") for entry in self._file.acts)
        return str(next((currency for currency in told if currency), None) or self._case.grade.currency or "")

    def _answers(self) -> list[Line]:
        return [self._answer(given) for given in self._file.answers]

    def _answer(self, given: Given) -> Line:
        playbook, name = self._file.playbook, given.step.rpartition("#")[0]
        steps = () if playbook is None else playbook.steps
        step = next((step for step in steps if step.name == name), None)
        if given.step.startswith(BY_HAND):
            step = Step(name=given.step, do="task", what="tell_by_hand")
        words = given.said.replace("_", " ") if step is None else outcome_words(step, given.said, self._say)
        if given.who == BUYER:
            title = mark("The buyer chose: %(answer)s")
        elif step is not None and step.do in ("ask", "offer"):
            title = mark("%(name)s noted the buyer's choice: %(answer)s")
        else:
            title = mark("%(name)s: %(answer)s")
        return Line(
            at=given.at,
            icon="check",
            title=self._words(title, name=self._people.of(given.who, self._visitor), answer=words),
            tone="good" if given.said not in ("cannot", "refused") else "bad",
        )
