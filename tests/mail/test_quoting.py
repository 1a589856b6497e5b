"""What somebody wrote anew, out of what mail programs make of it."""

import pytest

from amends.connectors.mail.markup import words_of
from amends.connectors.mail.quoting import written_anew

NEW = "Please send it again.\nThank you!"


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, Sep 21, 2026 at 3:00 PM Nordlicht <help@shop.example> wrote:",
        "On Mon, Sep 21, 2026 at 3:00 PM Nordlicht\n<help+o5401.abcdefgh.abcdefghijklmnop@shop.example> wrote:",
        "Am 21.09.2026 um 15:00 schrieb Nordlicht:",
        "Am Mo., 21. Sept. 2026 um 15:00 Uhr schrieb Nordlicht <help@shop.example>:",
        "El lun, 21 sept 2026 a las 15:00, Nordlicht (<help@shop.example>) escribió:",
        "Em seg., 21 de set. de 2026 às 15:00, Nordlicht <help@shop.example> escreveu:",
        "Le lun. 21 sept. 2026 à 15:00, Nordlicht <help@shop.example> a écrit :",
        "2026年9月21日(月) 15:00 Nordlicht <help@shop.example>:",
        "在 2026年9月21日星期一，Nordlicht <help@shop.example> 写道：",
        "-----Original Message-----",
        "------------------ 原始邮件 ------------------",
        "-------- Ursprüngliche Nachricht --------",
        "________________________________\nFrom: Nordlicht <help@shop.example>\nSent: Monday, September 21, 2026",
        "From: Nordlicht <help@shop.example>\nDate: Monday, September 21, 2026",
        "Von: Nordlicht\nGesendet: Montag, 21. September 2026 15:00",
        "发件人: Nordlicht\n发送时间: 2026年9月21日",
    ],
)
def test_what_is_answered_is_cut_off(introduction: str) -> None:
    history = "Hello,\n\nThe carrier has lost your parcel."
    quoted = "\n".join(f"> {line}" for line in history.splitlines())
    assert written_anew(f"{NEW}\n\n{introduction}\n\n{history}") == NEW
    assert written_anew(f"{NEW}\n\n{introduction}\n\n{quoted}\n") == NEW


def test_answers_between_the_lines_stay() -> None:
    text = "On 21 Sep 2026, Nordlicht <help@shop.example> wrote:\n> Which colour?\nBlue.\n> Which size?\n>> L or M\nM."
    assert written_anew(text) == "Blue.\nM."


@pytest.mark.parametrize(
    "tail",
    ["-- \nClaire Petit\nLyon", "--\nClaire", "Sent from my iPhone", "发自我的iPhone", "Von meinem iPhone gesendet"],
)
def test_signatures_are_cut_off(tail: str) -> None:
    assert written_anew(f"{NEW}\n\n{tail}\n") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "You wrote:\nit comes on Monday. It did not.",
        "I was told by the courier who wrote:\nwe were there. Nobody was.",
        "Two things:\n1. it is broken\n2. it is late",
        "From: the start I had doubts\nabout this shop.",
        "-- is what it says on the box",
    ],
)
def test_a_writers_own_words_stay(text: str) -> None:
    assert written_anew(text) == text


def test_where_nothing_is_new_all_of_it_stays() -> None:
    quoted = "> Hello,\n> where is it?"
    assert written_anew(quoted) == quoted
    assert written_anew("-----Original Message-----\nHello") == "-----Original Message-----\nHello"


def test_what_cannot_be_seen_goes() -> None:
    assert written_anew("re\u202efund\u0000 \u200bme\x1b[31m") == "refund me[31m"


def test_length_has_a_bound() -> None:
    assert len(written_anew("x" * 200_000)) == 20_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a <b>bold</b>\n\n move</div>", "a bold move"),
        ("1 &lt; 2 &amp;&amp; 3 > 2 <3 <", "1 < 2 && 3 > 2 <3 <"),
        ('<a title="x > y" href="#">link</a>', "link"),
        ("<scr<script>ipt>x</script>y", "ipt>xy"),
        ("<!DOCTYPE html><!-- a -- > b --><p>c", "c"),
        ("a<!-- never ends", "a"),
        ("<style>x</style>a<title>b</title>", "a"),
        ('<div class="gmail_quote">old<div>older</div></div>new', "new"),
        ('<span style="font-size:0">hidden</span><span style="font-size:0.9em">seen</span>', "seen"),
        ("<script>if (a < b) {}</script>c", "c"),
        ("<img alt='x' src='y'>a", "a"),
        ("a<a href='unclosed", "a"),
    ],
)
def test_html_is_read_as_it_is_shown(html: str, text: str) -> None:
    assert words_of(html) == text
