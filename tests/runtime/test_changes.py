"""The live feed: every listener hears of every change once, whatever thread publishes it."""

import asyncio
import threading

from amends.pipeline.ports import Change
from amends.runtime.changes import EVERYTHING, Changes


def _case(number: int) -> Change:
    return Change(kind="case", id=str(number))


def test_listeners_hear_what_any_thread_publishes() -> None:
    changes = Changes()

    def publish() -> None:
        for number in range(100):
            changes.publish([_case(number)])

    async def listen() -> list[Change]:
        heard: list[Change] = []
        async with changes.listen() as news:
            async for batch in news:
                heard += batch
                if len(heard) == 100:
                    break
        return heard

    async def two_listen() -> list[list[Change]]:
        listening = [asyncio.ensure_future(listen()) for _ in range(2)]
        await asyncio.sleep(0)
        publisher = threading.Thread(target=publish)
        publisher.start()
        return await asyncio.gather(*listening)

    everything = [_case(number) for number in range(100)]
    assert asyncio.run(two_listen()) == [everything, everything]


def test_what_happens_while_a_page_is_busy_is_gathered_each_once() -> None:
    changes = Changes()

    async def listen() -> list[Change]:
        async with changes.listen() as news:
            for number in (1, 2, 1, 1):
                changes.publish([_case(number)])
            return await anext(news)

    assert asyncio.run(listen()) == [_case(1), _case(2)]


def test_a_page_that_does_not_read_is_told_that_everything_has_changed() -> None:
    changes = Changes()

    async def listen() -> list[Change]:
        async with changes.listen() as news:
            for number in range(5_000):
                changes.publish([_case(number)])
            return await anext(news)

    assert EVERYTHING in asyncio.run(listen())


def test_a_stream_without_news_can_say_that_it_is_alive() -> None:
    changes = Changes()

    async def listen() -> tuple[list[Change], list[Change]]:
        async with changes.listen() as news:
            nothing = await news.next(0.01)
            changes.publish([_case(1)])
            return nothing, await news.next(5)

    assert asyncio.run(listen()) == ([], [_case(1)])


def test_who_has_left_is_told_nothing_more() -> None:
    changes = Changes()

    async def leave() -> None:
        async with changes.listen():
            pass

    asyncio.run(leave())
    # The loop of the page is closed; publishing to it would raise.
    changes.publish([_case(1)])
