"""What somebody has written anew in a mail, without what they answer to and what stands under every mail. Pure."""

import re
import unicodedata
from typing import Final

LENGTH_MAX: Final = 20_000
"""Characters."""
LINES_MAX: Final = 5_000
_LINE_LENGTH_MAX: Final = 300
"""A longer line introduces nothing."""

# How mail programs introduce what they quote, in the languages of our letters and a few neighbours.
_WROTE: Final = "wrote|a écrit|schrieb|escribió|escreveu|ha scritto|schreef|skrev|napisał(\\(a\\))?"
_ORIGINAL: Final = (
    "original message|original-nachricht|ursprüngliche nachricht|mensaje original|mensagem original|message d'origine|"
    "forwarded message|weitergeleitete nachricht|原始邮件|原始郵件|原邮件|元のメッセージ|転送メッセージ|转发邮件"
)
_INTRODUCTIONS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(on|le|am|el|em|il|op|den|dnia|w dniu)\b.{{4,250}}({_WROTE}).{{0,80}}[:：]",
        rf".{{4,250}}\b({_WROTE})\s?[:：]",
        r".{4,250}(写道|寫道|来信|のメール|wrote)\s?[:：]",
        r"\d{4}年\d{1,2}月\d{1,2}日.{0,200}[:：]",
        rf"-{{2,}}\s?({_ORIGINAL})\s?-{{2,}}",
    )
)
_ENDS: Final = (":", "：", "-")
_WHEN_OR_WHO: Final = re.compile(r"[\d@-]")
_RULE: Final = re.compile(r"_{20,}|-{20,}")
_FROM: Final = re.compile(r"\*?(from|von|de|da|差出人|发件人|寄件者)\s?[:：]\*?\s?\S", re.IGNORECASE)
_SENT: Final = re.compile(
    r"\*?(sent|date|gesendet|datum|enviado( el| em)?|fecha|data|envoyé|"
    r"送信日時|日時|发送时间|发送日期|日期|寄件日期)\s?[:：]",
    re.IGNORECASE,
)
_SENT_FROM_MY: Final = re.compile(
    r"(sent from my|von meinem .{1,40} gesendet|gesendet von |enviado desde mi|enviado do meu|envoyé de mon|"
    r"发自我的|从我的.{1,20}发送|iphoneから送信|get outlook for).{0,80}",
    re.IGNORECASE,
)
_KEPT: Final = "\n\t\u200c\u200d"


def written_anew(text: str) -> str:
    """What is new in the text of a mail; all of it where nothing would be left."""
    lines = [visible(line).rstrip() for line in text[: 4 * LENGTH_MAX].split("\n")[:LINES_MAX]]
    fresh = _unquoted(_before_history(lines))
    said = "\n".join(_before_signature(fresh)).strip() or "\n".join(fresh).strip() or "\n".join(lines).strip()
    return re.sub(r"\n{3,}", "\n\n", said)[:LENGTH_MAX]


def visible(line: str) -> str:
    """A line without what cannot be seen, such as what turns the order of letters round."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(each for each in line if each in _KEPT or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co"))


def _before_history(lines: list[str]) -> list[str]:
    """Without the mail that is answered, where it stands below; who answers between its lines keeps those."""
    for at in range(len(lines)):
        length = _introduces(lines, at)
        if not length:
            continue
        rest = lines[at + length :]
        first = next((one for one in rest if one.strip()), "")
        if first.startswith(">"):
            return [*lines[:at], *rest]
        # Answers above, history below, as most mail programs do; with nothing above, it is no history.
        if any(one.strip() for one in lines[:at]):
            return lines[:at]
    return lines


def _introduces(lines: list[str], at: int) -> int:
    """How many lines from here introduce a quoted mail; 0 where they do not."""
    line = lines[at].strip()
    if not line or len(line) > _LINE_LENGTH_MAX:
        return 0
    following = [one.strip() for one in lines[at + 1 : at + 5]]
    if _FROM.match(line) and any(_SENT.match(one) for one in following):
        return 1
    if _RULE.fullmatch(line) and following and _FROM.match(next((one for one in following if one), "")):
        return 1
    # It says when or who, else it may be the writer's own: "You wrote:".
    if line.endswith(_ENDS) and _WHEN_OR_WHO.search(line) and any(form.fullmatch(line) for form in _INTRODUCTIONS):
        return 1
    # An address that does not fit on the line is put on the next.
    joined = f"{line} {following[0]}" if following else line
    breaks = bool(following) and "@" in joined and len(joined) <= _LINE_LENGTH_MAX and joined.endswith(_ENDS)
    return 2 if breaks and any(form.fullmatch(joined) for form in _INTRODUCTIONS[:3]) else 0


def _unquoted(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.lstrip().startswith(">")]


def _before_signature(lines: list[str]) -> list[str]:
    """Without a signature behind two hyphens (RFC 3676, 4.3), and without what telephones add."""
    for at, line in enumerate(lines):
        if line in ("--", "-- ", "—") and at > 0:
            lines = lines[:at]
            break
    return [line for line in lines if not _SENT_FROM_MY.fullmatch(line.strip())]
