"""The outbox: mail is a row written in the same transaction as its cause, and sent after it."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sqlalchemy import Index, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from assets.core.actor import system_actor
from assets.core.app import App, Mailer
from assets.core.clock import Clock
from assets.core.db import Base, UtcDateTime
from assets.core.journal import Raw
from assets.settings import Settings

MAX_ATTEMPTS = 20


class OutboxMail(Raw, Base):
    """One mail to send; `dedupe_key` makes the same notice go out once."""

    __tablename__ = "outbox_mail"
    __table_args__ = (Index("ix_outbox_mail_sent_at_send_after", "sent_at", "send_after"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    send_after: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")


def queue_mail(session: Session, *, dedupe_key: str, recipient: str, subject: str, body: str, now: datetime) -> bool:
    """Put a mail into the outbox unless the same notice is there already; says whether it was put."""
    known = session.scalar(select(OutboxMail.id).where(OutboxMail.dedupe_key == dedupe_key))
    if known is not None:
        return False
    session.add(
        OutboxMail(
            dedupe_key=dedupe_key, recipient=recipient, subject=" ".join(subject.split())[:200], body=body,
            created_at=now, send_after=now,
        )
    )  # fmt: skip
    return True


def send_waiting(app: App, *, limit: int = 100) -> tuple[int, int]:
    """Send what waits, each in a transaction of its own; answers (sent, failed).

    A mail that fails is tried again with doubling pauses from a minute to a day, and keeps its last error.
    """
    now = app.clock()
    with app.reading() as session:
        waiting = session.scalars(
            select(OutboxMail.id)
            .where(OutboxMail.sent_at.is_(None), OutboxMail.send_after <= now, OutboxMail.attempts < MAX_ATTEMPTS)
            .order_by(OutboxMail.id)
            .limit(limit)
        ).all()
    results = [_send_one(app, mail_id, now) for mail_id in waiting]
    return results.count(True), results.count(False)


def _send_one(app: App, mail_id: int, now: datetime) -> bool:
    with app.reading() as session:
        mail = session.get_one(OutboxMail, mail_id)
    # No transaction is open meanwhile: a mail server that does not answer must not hold the write lock.
    error = _try_to_send(app.mailer, mail)
    with app.transaction(system_actor("outbox"), now) as session:
        mail = session.get_one(OutboxMail, mail_id)
        mail.attempts += 1
        if error is None:
            mail.sent_at = now
        else:
            mail.last_error = error[:500]
            mail.send_after = now + min(timedelta(minutes=2 ** (mail.attempts - 1)), timedelta(days=1))
    return error is None


def _try_to_send(mailer: Mailer, mail: OutboxMail) -> str | None:
    """None when it is sent, else why not; one mail that cannot be written or sent must not stop those behind it."""
    try:
        mailer.send(mail.recipient, mail.subject, mail.body)
    except (OSError, ValueError, LookupError, MessageError) as error:
        # smtplib's errors are OSErrors; an address that no header can hold is one of the others.
        return f"{type(error).__name__}: {error}"
    return None


def _message(sender: str, recipient: str, subject: str, body: str, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"] = format_datetime(now)
    message.set_content(body)
    return message


@dataclass(frozen=True)
class FileMailer:
    """Writes each mail as an .eml file, for offices without a mail server."""

    folder: Path
    sender: str
    clock: Clock

    def send(self, recipient: str, subject: str, body: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = self.clock()
        message = _message(self.sender, recipient, subject, body, now)
        (self.folder / f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.eml").write_bytes(message.as_bytes())


@dataclass(frozen=True)
class SmtpMailer:
    """Sends over the SMTP server of `url` (smtp:// with STARTTLS where offered, or smtps://)."""

    url: str
    sender: str
    clock: Clock

    def send(self, recipient: str, subject: str, body: str) -> None:
        parts = urlsplit(self.url)
        secure = parts.scheme == "smtps"
        factory = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with factory(parts.hostname or "localhost", parts.port or (465 if secure else 25), timeout=20) as server:
            if not secure and server.has_extn("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(_message(self.sender, recipient, subject, body, self.clock()))


def mailer_for(settings: Settings, clock: Clock) -> Mailer:
    """The mailer that the settings ask for."""
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url, settings.mail_from, clock)
    return FileMailer(settings.data_dir / "outbox", settings.mail_from, clock)
