"""The words that a person sees of a mail in HTML. Pure, in one pass: nothing in it can make this slow.

What is hidden from people (scripts, styles, comments, elements that are not displayed) is no word of the writer's.
"""

import re
from html import unescape
from typing import Final

_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]{0,40}")
_HIDDEN: Final = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|font-size\s{0,9}:\s{0,9}0(?![.\d])"
)
_SPACE: Final = re.compile(r"[ \t\r\n\f\u00a0]+")
_SILENT: Final = frozenset(("script", "style", "head", "title", "template", "noscript", "svg", "math", "object"))
_LINES: Final = frozenset(
    "address article blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li ol p pre section table tr "
    "ul".split()
)
_EMPTY: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
_QUOTES: Final = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "divrplyfwdmsg", "protonmail_quote", 'type="cite"')
TAG_LENGTH_MAX: Final = 4_000
DEPTH_MAX: Final = 500


class _Seen:
    """What has been seen so far, and in which elements one is that show nothing."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.silent: list[str] = []

    def say(self, text: str) -> None:
        if text and not self.silent:
            self.pieces.append(_SPACE.sub(" ", unescape(text)))

    def open(self, name: str, rest: str) -> None:
        if self.silent:
            # Only the end of the outermost of its kind shows again.
            if name == self.silent[0] and name not in _EMPTY and len(self.silent) < DEPTH_MAX:
                self.silent.append(name)
            return
        if name in _LINES:
            self.pieces.append("\n")
        small = rest.lower()
        is_quote = any(mark in small for mark in _QUOTES) or (name == "blockquote" and "cite" in small)
        if name not in _EMPTY and (name in _SILENT or is_quote or _HIDDEN.search(small)):
            self.silent.append(name)

    def close(self, name: str) -> None:
        if self.silent:
            if name == self.silent[0]:
                self.silent.pop()
            return
        if name in _LINES:
            self.pieces.append("\n")


def words_of(html: str) -> str:
    """The text that a mail program shows of it, without what is quoted from earlier mails."""
    seen, at = _Seen(), 0
    while at < len(html):
        start = html.find("<", at)
        if start < 0:
            break
        seen.say(html[at:start])
        at = _past(html, start, seen)
    seen.say(html[at:])
    lines = (line.strip() for line in "".join(seen.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _past(html: str, start: int, seen: _Seen) -> int:
    """Where it goes on behind what begins with a `<`."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 4)
        return len(html) if end < 0 else end + 3
    closes = html.startswith("/", start + 1)
    name = _NAME.match(html, start + 1 + closes)
    if name is None:
        if html.startswith(("<!", "<?"), start):
            end = html.find(">", start, start + TAG_LENGTH_MAX)
            return start + 2 if end < 0 else end + 1
        seen.say("<")
        return start + 1
    end = _end_of_tag(html, name.end())
    if closes:
        seen.close(name[0].lower())
    else:
        seen.open(name[0].lower(), html[name.end() : end])
    return end + 1


def _end_of_tag(html: str, at: int) -> int:
    """The place of the `>` that ends a tag, which may hold others in quotation marks."""
    last = min(len(html), at + TAG_LENGTH_MAX)
    quote = ""
    for place in range(at, last):
        letter = html[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ">":
            return place
    found = html.find(">", at, last)
    return found if found >= 0 else last - 1
