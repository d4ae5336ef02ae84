"""E-mails to users: the links by which they verify an address or set a password, and what they should know.

The worker makes the token of a link as it sends it and gives the database its hash: no token is stored. A worker that
dies loses nothing: what it claimed is handed out again, with another token.
"""

import asyncio
import secrets
from email.message import EmailMessage
from hashlib import sha256

import psycopg
import structlog

from leadgen.worker.attempt import Attempt, Refused
from leadgen.worker.mail import MailSender, start_message
from leadgen.worker.queries import Session, UserMail, keep_trying
from leadgen.worker.words import render

AT_ONCE = 4
PATHS = {"verify": "account/verify", "invite": "account/password", "reset": "account/password"}

log = structlog.get_logger("leadgen.worker")


class Postman:
    """Takes what is due, writes it, hands it in and records what became of it."""

    def __init__(self, session: Session, sender: MailSender, from_email: str, public_url: str) -> None:
        self._session = session
        self._sender = sender
        self._from = from_email
        self._url = public_url

    async def run(self, interval: float) -> None:
        """Write, and pause for `interval` seconds when nothing is due. Runs until cancelled."""
        while True:
            if not await keep_trying("mail to users", self.take_turn):
                await asyncio.sleep(interval)

    async def take_turn(self) -> int:
        """Send what is due, several at once. How many were claimed."""
        tokens = [secrets.token_urlsafe(32) for _ in range(AT_ONCE)]
        hashes = {sha256(token.encode()).hexdigest(): token for token in tokens}
        mails = await self._session.claim_user_mails(list(hashes))
        await asyncio.gather(*(self._take(mail, hashes[mail.token_hash]) for mail in mails))
        return len(mails)

    async def _take(self, mail: UserMail, token: str) -> None:
        """One mail. What the database does not take now is sent again."""
        attempt = Attempt()
        try:
            async with asyncio.timeout(self._sender.deadline):
                message = compose(mail, token, self._from, self._url)
                await self._sender.hand_over(message, mail.email, attempt)
        except Refused as error:
            attempt.conclude("refused", fault=error.fault)
        except Exception as error:  # noqa: BLE001  a mail that cannot be sent must not stop the others
            attempt.broke_off(self._sender.describe(error))
        outcome = {"delivered": "sent", "refused": "refused"}.get(attempt.outcome or "", "failed")
        words = attempt.fault and attempt.fault.words
        try:
            await self._session.record_user_mail(mail, outcome, words)
        except psycopg.Error as error:
            log.error("mail to a user not recorded", mail_id=mail.mail_id, sqlstate=error.sqlstate)
            return
        log.info("mail to a user", mail_id=mail.mail_id, kind=mail.kind, outcome=outcome, error=words)


def compose(mail: UserMail, token: str, from_email: str, public_url: str) -> EmailMessage:
    """The message, text and HTML. Raises Refused when the address or the name cannot make one."""
    path = PATHS.get(mail.kind)
    facts = {
        "kind": mail.kind,
        "name": mail.name,
        "site": public_url,
        "link": f"{public_url.rstrip('/')}/{path}/{token}" if path else None,
    }
    try:
        subject = render("user.subject.txt", facts)
        message = start_message(from_email, mail.email, subject, mail.message_id)
        message.set_content(render("user.txt", facts))
        message.add_alternative(render("user.html", facts), subtype="html")
    except Exception as error:  # noqa: BLE001  nothing was sent, and it would fail the same way again
        raise Refused(f"the message cannot be written ({type(error).__name__})") from None
    return message
