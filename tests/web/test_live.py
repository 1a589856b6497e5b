"""What an open page is told, and how soon."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.web.door import failed_payment, open_door, signed_event
from tests.web.world import PASSWORD, add_people


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[httpx.Client, str]]:
    with open_door(tmp_path) as (address, installation):
        add_people(installation)
        with httpx.Client(base_url=address, timeout=20) as client:
            client.post("/sign-in", data={"email": "viewer@shop.example", "password": PASSWORD})
            yield client, address


def post_trouble(client: httpx.Client, order: str) -> None:
    body = failed_payment(order)
    assert client.post("/hooks/cloudevents/north", content=body, headers=signed_event(body, order)).status_code == 202


def test_a_new_case_is_told_within_a_second(opened: tuple[httpx.Client, str]):
    client, _ = opened
    with client.stream("GET", "/live") as stream, httpx.Client(base_url=str(client.base_url)) as sender:
        lines = stream.iter_lines()
        assert next(lines) == "event: hello"
        waits = []
        for number in range(5):
            post_trouble(sender, f"10{number}")
            began = time.monotonic()
            news = _next_news(lines)
            while not news["new"]:
                # What is done about the one before is told, too.
                news = _next_news(lines)
            waits.append(time.monotonic() - began)
            assert len(news["new"]) == 1
            time.sleep(0.3)
    assert sorted(waits)[2] < 1.0


def test_only_what_fits_the_list_is_new_to_it(opened: tuple[httpx.Client, str]):
    client, _ = opened
    with (
        client.stream("GET", "/live?severity=critical") as stream,
        httpx.Client(base_url=str(client.base_url)) as sender,
    ):
        lines = stream.iter_lines()
        next(lines)
        post_trouble(sender, "1001")
        news = _next_news(lines)
    assert news["new"] == []
    assert len(news["changed"]) == 1


def _next_news(lines: Iterator[str]) -> dict[str, list[str]]:
    for line in lines:
        if line == "event: news":
            found: dict[str, list[str]] = json.loads(next(lines).removeprefix("data: "))
            return found
    raise AssertionError("the stream ended without news")
