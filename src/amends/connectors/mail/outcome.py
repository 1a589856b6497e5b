"""What each turn of a mail server comes to. Pure.

Source: RFC 5321, 4.2 (replies) and 4.1.1.4 (a letter is the server's when it has said 250 to the final dot, and none
of it is kept if the connection ends before that dot).
"""

from typing import Final

from amends.resolution.outbox import Reply

_OF_OURS: Final = frozenset((421, 530, 534, 535, 538, 454))
"""The server is closing, or will not have us as we come: nothing that is wrong with the letter."""


def refusal(code: int, words: str, *, of_letter: bool) -> Reply:
    """What an answer other than the hoped for one comes to.

    Whatever is permanent of the letter, its sender or its recipient is a refusal. What is wrong between us and the
    server (`of_letter` false: greeting, TLS, login) may be mended, and then the letter goes; so may what is temporary.
    """
    says = f"The mail server said {code}: {words}"
    is_final = of_letter and 500 <= code <= 599 and code not in _OF_OURS
    return Reply(said="refused" if is_final else "not_done", says=says)


def unreached(why: str) -> Reply:
    """The connection failed, or broke before the final dot: the server has nothing of the letter."""
    return Reply(said="not_done", says=f"The mail server could not be reached: {why}")


def unanswered(why: str) -> Reply:
    """The connection broke between the final dot and the answer: the letter may be on its way."""
    return Reply(said="unclear", says=f"The mail server gave no answer to the letter: {why}")
