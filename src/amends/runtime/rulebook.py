"""The rules that are live, and those that people want: they differ while a change is being made ready."""

from collections.abc import Callable

import msgspec

from amends.detection import Pack
from amends.detection.edition import Composition, Edition, OverrideText, check_edition, compose, composed, text_of
from amends.detection.pack import Files
from amends.model.instant import Instant
from amends.store.rules import RuleDraft, Standing


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """How far a change is on its way: the journal is judged anew from its beginning, up to where the pipeline is."""

    rules: tuple[str, ...]
    position: int
    head: int
    has_failed: bool = False

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.position / self.head) if self.head else 0.0


class Rulebook:
    """What the files hold, what stands beside them, and the pack that the pipeline judges by.

    Attributes are replaced whole, so any thread may read them.
    """

    def __init__(self, files: Files, standing: Standing, at: Instant) -> None:
        self.files = files
        self.standing = standing
        made = self.put_together(standing, at)
        self.pack = made.pack
        self.left_out: list[str] = made.left_out
        self._making: Making | None = None
        self._asked = self._seen = 0
        self.shadow_problems: dict[int, str] = {}
        """Why a draft does not run, by its number."""
        self.shadows_ready: frozenset[int] = frozenset()
        """The drafts that have caught up with what is live."""
        self._told: list[Callable[[Pack], None]] = []
        self._wake: Callable[[], None] = lambda: None

    def put_together(self, standing: Standing, at: Instant) -> Composition:
        """The pack that somebody wants."""
        return compose(self.files, standing.editions, standing.overrides, at=at)

    def draft_pack(self, draft: RuleDraft, at: Instant) -> Pack:
        """The wanted pack with a draft in the place of its rule. Raises PackError."""
        return self.check(Edition(rule=draft.rule, number=self.next_number(draft.rule), text=draft.text), at)

    def check(self, edition: Edition, at: Instant) -> Pack:
        """The wanted pack with an edition in it. Raises PackError with sentences that point at its lines."""
        standing = self.standing
        return check_edition(self.files, edition, standing.editions, standing.overrides, at=at)

    def check_override(self, override: OverrideText, at: Instant) -> Pack:
        """The wanted pack with one override more. Raises PackError with sentences that point at its lines."""
        return composed(self.files, self.standing.editions, [*self.standing.overrides, override], at=at)

    def text_of(self, rule: str) -> str | None:
        """The text of a rule as it is wanted; None where there is no such rule."""
        edition = next((one for one in self.standing.editions if one.rule == rule), None)
        if edition is not None and edition.text is not None:
            return edition.text
        return text_of(self.files, rule)

    def next_number(self, rule: str) -> int:
        """The number that the next version of a rule will have, as far as is known here."""
        edition = next((one for one in self.standing.editions if one.rule == rule), None)
        if edition is not None:
            return edition.number + 1
        known = self.pack.rules.get(rule)
        return 1 if known is None else known.version + 1

    def changed_between(self, other: Pack) -> tuple[str, ...]:
        """The rules that another pack has otherwise than the live one."""
        mine, theirs = self.pack.rules, other.rules
        return tuple(sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)))

    # ------------------------------------------------------------ being told

    def on_change(self, told: Callable[[Pack], None]) -> None:
        """Call this with the pack whenever another one has gone live."""
        self._told.append(told)

    def on_look(self, wake: Callable[[], None]) -> None:
        """Call this when somebody has changed what stands."""
        self._wake = wake

    def look(self, *, live: bool = True) -> None:
        """Somebody has changed what stands: do not wait to see it. `live`: not only a draft."""
        self._asked += live
        self._wake()

    @property
    def asked(self) -> int:
        """How often somebody has changed what stands."""
        return self._asked

    def saw(self, asked: int) -> None:
        """What was changed so often has been looked at."""
        self._seen = asked

    @property
    def making(self) -> Making | None:
        """How far a change is; None where what is live is what people want, as far as has been looked."""
        if self._making is None and self._asked > self._seen:
            return Making(rules=(), position=0, head=0)
        return self._making

    def show(self, making: Making | None) -> None:
        """Tell how far it is."""
        self._making = making

    def go_live(self, pack: Pack) -> None:
        """The pipeline judges by this pack now."""
        self.pack, self._making = pack, None
        for told in self._told:
            told(pack)
