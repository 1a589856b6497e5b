"""`amends rules`: check, list, explain."""

import json
from pathlib import Path

from tests.cli.process import amends

RULES = """\
rules:
  - id: my_cancelled
    exception: order_cancelled
    kind: fault
    table: order
    severity: high
    trouble: fulfilment
    on: order.cancelled
    when: total > MONEY(100)
    loss: captured
    title: {en: Dear order cancelled, zh-Hans: 大额订单取消}
    says: {en: "{total} cancelled", zh-Hans: "取消 {total}"}
"""


def test_the_built_in_rules_have_no_problems(tmp_path: Path) -> None:
    done = amends("rules", "check", folder=tmp_path)
    assert done.returncode == 0
    assert "no problems" in done.stdout
    document = json.loads(amends("rules", "check", "--json", folder=tmp_path).stdout)
    assert (document["ok"], document["problems"]) == (True, [])
    assert "delivery_late" in document["rules"]


def test_each_problem_is_a_sentence_that_begins_with_its_place(tmp_path: Path) -> None:
    broken = tmp_path / "mine.yaml"
    broken.write_text(RULES.replace("table: order\n", "table: ordr\n"))
    worse = tmp_path / "worse.yaml"
    worse.write_text(RULES.replace("MONEY(100)", "100").replace("my_cancelled", "other").replace("captured", "captred"))
    done = amends("rules", "check", str(broken), str(worse), folder=tmp_path)
    assert done.returncode == 1
    first, *rest = done.stdout.splitlines()
    assert first == f"{broken}:5: rule `my_cancelled`: there is no table `ordr`; did you mean `order`?"
    assert any(line.startswith(f"{worse}:9: rule `other`, when: ") and "MONEY(10)" in line for line in rest)
    assert any(line.startswith(f"{worse}:10: ") and "did you mean `captured`?" in line for line in rest)
    document = json.loads(amends("rules", "check", str(broken), "--json", folder=tmp_path).stdout)
    assert document["problems"] == [
        {
            "file": str(broken),
            "line": 5,
            "problem": "rule `my_cancelled`: there is no table `ordr`; did you mean `order`?",
        }
    ]


def test_rules_of_ones_own_use_the_built_in_columns(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(RULES)
    assert amends("rules", "check", str(tmp_path), folder=tmp_path).returncode == 0
    listed = json.loads(amends("rules", "list", "--rules", str(tmp_path), "--json", folder=tmp_path).stdout)
    assert [(rule["id"], rule["exception"], rule["severity"]) for rule in listed] == [
        ("my_cancelled", "order_cancelled", "high")
    ]


def test_the_list_names_every_rule(tmp_path: Path) -> None:
    listed = json.loads(amends("rules", "list", "--json", folder=tmp_path).stdout)
    table = amends("rules", "list", "--lang", "zh-Hans", folder=tmp_path).stdout
    assert len(listed) > 50
    assert all(rule["id"] in table and rule["title"]["zh-Hans"] in table for rule in listed)


def test_explain_tells_a_rule_in_either_language(tmp_path: Path) -> None:
    english = amends("rules", "explain", "delivery_late", folder=tmp_path).stdout
    assert english.splitlines()[0] == "Promise missed (delivery_late)"
    assert [word for word in ("Facts", "Fires", "Clears", "Loss", "Says") if f"\n{word}\n" not in english] == []
    chinese = amends("rules", "explain", "delivery_late", "--lang", "zh-Hans", folder=tmp_path).stdout
    assert "触发" in chinese
    document = json.loads(amends("rules", "explain", "delivery_late", "--json", folder=tmp_path).stdout)
    assert {"deliver_by", "delivered_at"} <= {fact["name"] for fact in document["facts"]}


def test_an_exception_explains_each_of_its_rules(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(RULES)
    done = amends("rules", "explain", "order_cancelled", "--rules", str(tmp_path), folder=tmp_path)
    assert "`total` is more than 100 in the currency of the order." in done.stdout


def test_an_unknown_rule_is_a_sentence(tmp_path: Path) -> None:
    done = amends("rules", "explain", "delivery_lat", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "There is no rule `delivery_lat`; did you mean `delivery_late`? See `amends rules list`.\n"


def test_a_rule_is_changed_taken_back_and_told_of(tmp_path: Path) -> None:
    db = ("--db", f"sqlite:///{tmp_path / 'amends.sqlite'}")
    file = tmp_path / "rule.yaml"
    shown = amends("rules", "show", "destination_dark", *db, folder=tmp_path).stdout
    file.write_text(shown.replace("6 days", "5"))
    refused = amends("rules", "set", str(file), "--why", "quicker", *db, folder=tmp_path)
    assert refused.returncode == 1
    assert refused.stdout.startswith("destination_dark.yaml:7: rule `destination_dark`: `within: 5` has no unit")
    file.write_text(shown.replace("6 days", "5 days"))
    done = amends("rules", "set", str(file), "--why", "quicker", "--by", "lin", *db, folder=tmp_path)
    assert done.stdout == "destination_dark has version 2 now.\n"
    diff = amends("rules", "diff", "destination_dark", "1", "2", *db, folder=tmp_path).stdout
    assert "-within: 6 days\n+within: 5 days\n" in diff
    condition = ("--for", "destination = 'BR'", "--set", "within=12 days", "--why", "customs", "--expires", "9 days")
    assert amends("rules", "override", "destination_dark", *condition, *db, folder=tmp_path).returncode == 0
    told = amends("rules", "explain", "destination_dark", *db, folder=tmp_path).stdout
    assert "12 days if `destination` is “BR”, otherwise 5 days" in told
    assert "Otherwise for some\n  `destination` is “BR”: `within`: 12 days, until " in told
    assert amends("rules", "restore", "destination_dark", "1", "--why", "back", *db, folder=tmp_path).returncode == 0
    life = json.loads(amends("rules", "versions", "destination_dark", *db, "--json", folder=tmp_path).stdout)
    assert [(one["number"], one["made_by"], one["why"]) for one in life["versions"]] == [
        (3, "command line", "back"), (2, "lin", "quicker"), (1, "files", ""),
    ]  # fmt: skip
    assert [one["why"] for one in life["overrides"]] == ["customs"]
    gone = amends("rules", "promote", "destination_dark", *db, folder=tmp_path)
    assert gone.returncode == 2
    assert "has no draft" in gone.stderr
