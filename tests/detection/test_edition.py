"""Editions: rules as people have written them, in the place of the files' own."""

import msgspec
import pytest
import yaml

from amends.detection import PackError
from amends.detection.edition import Edition, OverrideText, check_edition, compose, composed, text_of
from amends.detection.pack import pack_of, read_files
from amends.model.instant import Instant

FILES = read_files()
BUILT_IN = pack_of(FILES)
RULE = "destination_dark"
TEXT = text_of(FILES, RULE) or ""
NOW = Instant(1_790_000_000_000_000)


def edition(text: str | None = None, number: int = 2) -> Edition:
    return Edition(rule=RULE, number=number, text=TEXT.replace("6 days", "5 days") if text is None else text)


def test_every_rule_of_the_files_has_a_text_that_says_the_same() -> None:
    editions = []
    for name in BUILT_IN.rules:
        text = text_of(FILES, name)
        assert text is not None
        assert text.startswith(f"id: {name}\n")
        editions.append(Edition(rule=name, number=BUILT_IN.rules[name].version, text=text))
    again = composed(FILES, editions)
    assert again.rules == BUILT_IN.rules
    assert list(again.rules) == list(BUILT_IN.rules)


def test_an_edition_takes_the_place_of_the_rule() -> None:
    pack = composed(FILES, [edition()])
    assert (pack.rules[RULE].within, pack.rules[RULE].version) == ("5 days", 2)
    assert list(pack.rules) == list(BUILT_IN.rules)
    others = {name: rule for name, rule in pack.rules.items() if name != RULE}
    assert others == {name: rule for name, rule in BUILT_IN.rules.items() if name != RULE}
    assert pack.digest != BUILT_IN.digest


def test_an_edition_without_a_text_is_the_files_own_under_its_number() -> None:
    pack = composed(FILES, [Edition(rule=RULE, number=4, text=None)])
    assert pack.rules[RULE] == msgspec.structs.replace(BUILT_IN.rules[RULE], version=4)


def test_a_new_rule_stands_beside_the_files() -> None:
    text = TEXT.replace(RULE, "silent_in_austria").replace(
        "kind: silence", "exception: destination_dark\nkind: silence"
    )
    pack = composed(FILES, [Edition(rule="silent_in_austria", number=1, text=text)])
    assert len(pack.rules) == len(BUILT_IN.rules) + 1


def problems(text: str) -> list[str]:
    with pytest.raises(PackError) as refused:
        check_edition(FILES, edition(text), [], [OverrideText(id=1, rule=RULE, text="off: true")], at=NOW)
    return refused.value.problems


def test_what_is_wrong_is_said_with_its_line_and_without_what_follows_from_it() -> None:
    line = TEXT.splitlines().index("within: 6 days") + 1
    (told,) = problems(TEXT.replace("within: 6 days", "within: 6"))
    assert told == f"{RULE}.yaml:{line}: rule `{RULE}`: `within: 6` has no unit; write 6 minutes, 6 hours or 6 days"
    (told,) = problems(TEXT.replace(f"id: {RULE}", "id: other"))
    assert told == f"{RULE}.yaml:1: `id` should be {RULE}; give another rule another page"
    (told,) = problems("id: [")
    assert told.startswith(f"{RULE}.yaml:2: not YAML")
    (told,) = problems("just a text")
    assert "should be a mapping" in told


def test_what_fits_no_more_is_left_out_and_said() -> None:
    bad = edition(TEXT.replace("since: exported_at", "since: gone_at"))
    good = Edition(rule="no_first_scan", number=2, text=text_of(FILES, "no_first_scan"))
    lost = OverrideText(id=7, rule="gone", text="off: true")
    kept = OverrideText(id=8, rule=RULE, text="within: 9 days")
    made = compose(FILES, [bad, good], [lost, kept], at=NOW)
    assert made.pack.rules[RULE].within == "9 days", "the override stands, on the rule of the files"
    assert made.pack.rules["no_first_scan"].version == 2
    assert any("there is no `gone_at` here" in told for told in made.left_out)
    assert any("override-7.yaml:1: override: there is no rule `gone`" in told for told in made.left_out)


def test_an_override_may_end_and_the_pack_knows_when() -> None:
    ends = OverrideText(
        id=1, rule=RULE, text=yaml.safe_dump({"within": "9 days"}), why="x", expires_at=Instant(NOW + 1)
    )
    assert composed(FILES, [], [ends], at=NOW).rules[RULE].within == "9 days"
    assert composed(FILES, [], [ends], at=NOW).overrides[0].why == "x"
    assert composed(FILES, [], [ends], at=Instant(NOW + 1)).rules[RULE].within == "6 days"
