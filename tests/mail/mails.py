"""Mail as it comes in: what buyers answer, what servers send back, what programs say by themselves."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from tests.mail.house import BUYER, SECRET, SENDER, START, letter, link_to
from tests.mail.post_office import OURSELVES

from amends.connectors.delivery import Delivery
from amends.connectors.mail.connector import MailConnector
from amends.connectors.mail.letter import Post, Writer
from amends.connectors.mail.seal import Seal
from amends.connectors.mail.translate import ARRIVED
from amends.model.event import Event
from amends.model.instant import HOUR, Instant, format_instant
from amends.resolution.intent import Intent

SEAL = Seal(SECRET)
CONNECTOR = MailConnector(SECRET)
ARRIVAL = Instant(START + HOUR)

INTENT: Intent = letter(number="#1001")
LETTER: Post = Writer(SENDER, SEAL, link_to).write(INTENT, START)
SIGN = SEAL.reply_sign("5401", INTENT.case)
REPLY_TO = SENDER.reply_address(SIGN)


def mail(text: str = "Bitte schicken Sie es noch einmal.\n", **fields: str) -> bytes:
    """A buyer's answer to the letter; a field that is given empty is left out."""
    message = EmailMessage(policy=SMTP)
    given = {
        "From": f"Claire Petit <{BUYER}>",
        "To": REPLY_TO,
        "Subject": "Re: Your parcel is lost",
        "Date": "Mon, 21 Sep 2026 15:00:00 +0200",
        "Message-ID": "<answer-1@mail.example.com>",
        "In-Reply-To": LETTER.message_id,
        "References": LETTER.message_id,
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    for name, value in given.items():
        if value:
            message[name] = value
    message.set_content(text)
    return message.as_bytes()


def delivery(raw: bytes, *, arrived: Instant | None = ARRIVAL) -> Delivery:
    headers = {} if arrived is None else {ARRIVED: format_instant(arrived)}
    return Delivery(vendor="mail", account=OURSELVES, body=raw, headers=headers, received=ARRIVAL)


def told(raw: bytes, connector: MailConnector = CONNECTOR) -> Event:
    """The one event that a mail tells."""
    (event,) = connector.translate(delivery(raw))
    return event


def bounce(
    action: str = "failed",
    to: str = BUYER,
    back: bytes | None = None,
    *,
    kind: str = "message/rfc822",
    **fields: Any,
) -> bytes:
    """A delivery status as RFC 3464 has it, which brings the letter back."""
    status = "5.1.1" if action == "failed" else "4.4.1"
    returned = (LETTER.raw if back is None else back).decode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    text = f"""From: MAILER-DAEMON@mx.test
To: {OURSELVES}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 21 Sep 2026 14:30:00 +0000
Message-ID: <bounce-1@mx.test>
Auto-Submitted: auto-replied
{more}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B1"

--B1
Content-Type: text/plain; charset=us-ascii

I could not deliver your letter.

--B1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: no such user here

--B1
Content-Type: {kind}

{returned}
--B1--
"""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
