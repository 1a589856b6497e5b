"""Webhooks over real HTTP: believed only when signed, acknowledged only when on disk, never lost."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Connection, event
from tests.web.door import failed_payment, open_door, signed_by_shopify, signed_event, wait_until

from amends.runtime.wiring import Installation
from amends.web.api.intake import BODY_BYTES_MAX
from amends.web.app import create_app

Door = tuple[str, Installation]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        yield opened


def _counts(door: Door) -> dict[str, int]:
    with door[1].store.reading() as work:
        return {state: count for state, count in work.deliveries.counts().items() if count}


def test_a_signed_delivery_is_accepted_and_read(door: Door) -> None:
    body = failed_payment("1001")
    answer = httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=signed_event(body, "1"))
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    wait_until(lambda: _counts(door) == {"taken": 1})
    with door[1].store.reading() as work:
        (found,) = work.findings.of_order("1001")
        assert found.finding.rule == "payment_failed"
        kept = work.deliveries.get(1)
    assert kept is not None
    assert (kept.body, kept.delivery_id) == (body, "1")


@pytest.mark.inv22
@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed_by_shopify(b"{}", secret="another secret of enough length"),
        signed_by_shopify(b"something else"),
        {"x-shopify-hmac-sha256": ""},
        {"x-shopify-hmac-sha256": "é".encode("latin-1").decode("latin-1")},
    ],
)
def test_what_is_not_signed_by_the_secret_is_refused_and_not_kept(door: Door, headers: dict[str, str]) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = httpx.post(f"{door[0]}/hooks/shopify/north", content=b"{}", headers=encoded)
    assert answer.status_code == 401
    assert _counts(door) == {}


@pytest.mark.inv22
def test_an_old_signature_is_refused(door: Door) -> None:
    body = failed_payment("1001")
    stale = signed_event(body, "1", now=1_000_000_000)
    assert httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=stale).status_code == 401


def test_an_unknown_account_is_answered_like_a_wrong_signature(door: Door) -> None:
    unknown = httpx.post(f"{door[0]}/hooks/shopify/south", content=b"{}", headers=signed_by_shopify(b"{}"))
    wrong = httpx.post(f"{door[0]}/hooks/shopify/north", content=b"{}", headers=signed_by_shopify(b"x"))
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.text.replace("south", "north") == wrong.text


def test_an_unknown_vendor_is_told_which_there_are(door: Door) -> None:
    answer = httpx.post(f"{door[0]}/hooks/nobody/north", content=b"{}")
    assert answer.status_code == 404
    assert "shopify" in answer.text


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_five_mebibytes_is_too_large(door: Door, chunked: bool) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 2):
            yield b" " * 65_536

    content = parts() if chunked else b" " * (BODY_BYTES_MAX + 1)
    answer = httpx.post(f"{door[0]}/hooks/shopify/north", content=content)
    assert answer.status_code == 413
    assert _counts(door) == {}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b'{"id": {}}'])
def test_a_signed_body_that_cannot_be_read_is_accepted_and_shown(door: Door, body: bytes) -> None:
    answer = httpx.post(f"{door[0]}/hooks/shopify/north", content=body, headers=signed_by_shopify(body))
    assert answer.status_code == 202
    wait_until(lambda: _counts(door).get("quarantined") == 1)
    with door[1].store.reading() as work:
        kept = work.deliveries.get(1)
    assert kept is not None
    assert kept.body == body
    assert kept.error
    assert kept.error.endswith(".")


def test_secrets_of_the_sender_s_session_are_not_kept(door: Door) -> None:
    headers = signed_by_shopify(b"{}") | {"authorization": "Bearer x", "cookie": "a=b", "x-other": "kept"}
    httpx.post(f"{door[0]}/hooks/shopify/north", content=b"{}", headers=headers)
    with door[1].store.reading() as work:
        kept = work.deliveries.get(1)
    assert kept is not None
    assert {"authorization", "cookie"} & kept.headers.keys() == set()
    assert kept.headers["x-other"] == "kept"


def _post(door: Door, number: int) -> httpx.Response:
    body = failed_payment(str(number))
    return httpx.post(
        f"{door[0]}/hooks/cloudevents/north", content=body, headers=signed_event(body, str(number)), timeout=30
    )


@pytest.mark.inv10
def test_a_full_disk_is_never_acknowledged_and_service_resumes(door: Door) -> None:
    limit = {"pages": 0}

    def set_limit(connection: Connection) -> None:
        connection.connection.cursor().execute(f"PRAGMA max_page_count = {limit['pages'] or 4_294_967_294}")

    assert _post(door, 0).status_code == 202
    wait_until(lambda: _counts(door) == {"taken": 1})
    event.listen(door[1].store.database.engine, "begin", set_limit, insert=True)
    # No page may be added any more: SQLite says that the disk is full.
    limit["pages"] = 1
    statuses: list[int] = []
    number = 0
    while statuses.count(503) < 5:
        number += 1
        answer = _post(door, number)
        statuses.append(answer.status_code)
        assert number < 200
    assert set(statuses) <= {202, 503}
    assert "full" in answer.json()["error"]
    assert answer.headers["retry-after"]
    with door[1].store.reading() as work:
        kept = sum(work.deliveries.counts().values())
    assert kept == 1 + statuses.count(202)
    limit["pages"] = 0
    assert _post(door, 1_000).status_code == 202
    wait_until(lambda: _counts(door) == {"taken": kept + 1})
    with door[1].store.reading() as work:
        assert len(work.findings.latest(1_000)) == kept + 1
    assert httpx.get(f"{door[0]}/readyz").status_code == 200


@pytest.mark.inv10
def test_a_database_that_somebody_holds_is_never_acknowledged_and_service_resumes(door: Door) -> None:
    other = sqlite.connect(door[1].store.database.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = _post(door, 1)
    assert refused.status_code == 503
    assert "holds" in refused.json()["error"]
    with door[1].store.reading() as work:
        assert sum(work.deliveries.counts().values()) == 0

    # One that comes while the database is held, and is free in time, is kept.
    answers: list[int] = []
    sender = threading.Thread(target=lambda: answers.append(_post(door, 2).status_code))
    sender.start()
    sender.join(0.3)
    assert not answers
    other.execute("ROLLBACK")
    sender.join()
    assert answers == [202]
    wait_until(lambda: _counts(door) == {"taken": 1})


def test_health(door: Door) -> None:
    assert httpx.get(f"{door[0]}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{door[0]}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "waiting": 0, "problems": []})


def test_not_ready_says_why(door: Door) -> None:
    door[1].engine.stop()
    ready = httpx.get(f"{door[0]}/readyz")
    assert ready.status_code == 503
    assert "not running" in ready.json()["problems"][0]


def _post_batch(door: Door, events: list[Any], id_: str) -> httpx.Response:
    body = json.dumps(events).encode()
    headers = signed_event(body, id_) | {"content-type": "application/cloudevents-batch+json"}
    return httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=headers, timeout=30)


def test_of_a_batch_with_a_bad_event_the_others_are_taken_and_the_answer_says_so(door: Door) -> None:
    good = [json.loads(failed_payment(str(number))) for number in range(3)]
    bad = json.loads(failed_payment("3")) | {"time": "yesterday"}
    answer = _post_batch(door, [good[0], bad, *good[1:]], "b1")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["events"], told["left_out"]) == (True, 3, 1)
    assert "Event 1 of the batch" in told["problems"][0]
    wait_until(lambda: _counts(door) == {"quarantined": 1})
    with door[1].store.reading() as work:
        for order in "012":
            assert [found.finding.rule for found in work.findings.of_order(order)] == ["payment_failed"]
        assert work.findings.of_order("3") == []
        (shown,) = work.deliveries.list(["quarantined"])
    assert shown.error is not None
    assert "Event 1 of the batch" in shown.error
    # After a fix at the sender's, the batch is sent again: what was taken is known, the rest is new.
    assert _post_batch(door, [*good, json.loads(failed_payment("3"))], "b2").json()["left_out"] == 0
    wait_until(lambda: _counts(door) == {"quarantined": 1, "taken": 1})
    with door[1].store.reading() as work:
        assert len(work.findings.of_order("3")) == 1
        assert len(work.findings.of_order("0")) == 1


def test_a_batch_that_is_none_is_kept_and_the_answer_says_so(door: Door) -> None:
    body = b"[{]"
    headers = signed_event(body, "1") | {"content-type": "application/cloudevents-batch+json"}
    told = httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=headers).json()
    assert (told["accepted"], told["events"], told["left_out"]) == (True, 0, 1)
    wait_until(lambda: _counts(door) == {"quarantined": 1})


@pytest.mark.inv10
def test_a_full_inbox_turns_away_and_takes_again_once_it_is_worked_off(tmp_path: Path) -> None:
    with open_door(tmp_path, inbox_max=20, judges=False) as door:
        answers = [_post(door, number) for number in range(60)]
        taken = sum(answer.status_code == 202 for answer in answers)
        assert taken < 60
        assert {answer.status_code for answer in answers} == {202, 503}
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "wait to be worked on" in answers[-1].json()["error"]
        assert _counts(door) == {"pending": taken}
        while door[1].pipeline.round(door[1].clock.now()).more:
            pass
        wait_until(lambda: _post(door, 100).status_code == 202)
        assert _counts(door) == {"taken": taken, "pending": 1}


def test_the_documented_address_takes_what_the_quick_one_does(door: Door) -> None:
    app = create_app(door[1])
    body = failed_payment("77")
    transport = httpx.ASGITransport(app=app)

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.post("/hooks/cloudevents/north", content=body, headers=signed_event(body, "77"))

    answer = asyncio.run(post())
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    quick = httpx.post(f"{door[0]}/hooks/cloudevents/north", content=body, headers=signed_event(body, "77"))
    named = ("content-type", "cache-control", "x-content-type-options", "content-security-policy")
    assert {name: answer.headers[name] for name in named} == {name: quick.headers[name] for name in named}
