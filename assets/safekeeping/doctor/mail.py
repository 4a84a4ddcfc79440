"""The doctor on mail: does the server take us, and is anything stuck in the outbox."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from sqlalchemy import func, select

from assets.core.i18n import msg
from assets.core.outbox import MAX_ATTEMPTS, OutboxMail
from assets.safekeeping.doctor.findings import Finding, Site, Subject

TIMEOUT_S = 5
STUCK_AFTER = timedelta(hours=1)

MAIL = Subject("mail", msg("mail"))
OUTBOX = Subject("outbox", msg("outbox"))


def server(site: Site) -> Iterator[Finding]:
    """The mail server is there and lets us sign in; nothing is sent."""
    url = site.settings.smtp_url
    if not url:
        yield MAIL.look(
            msg("ASSETS_SMTP_URL is empty: mail is written to files in `outbox` of the data directory, and no further")
        )
        return
    try:
        encrypted = _sign_in(url)
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        words = " ".join(str(error).split())[:200] or type(error).__name__
        yield MAIL.mend(msg("the mail server does not take us: %(error)s. See to ASSETS_SMTP_URL", error=words))
        return
    host = urlsplit(url).hostname or ""
    if encrypted:
        yield MAIL.well(msg("%(host)s takes us", host=host))
    else:
        yield MAIL.look(msg("%(host)s takes us, but what is sent can be read on the way", host=host))


def _sign_in(url: str) -> bool:
    """Whether the connection was encrypted; OSError when the server or the account does not answer well."""
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    factory = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with factory(parts.hostname or "localhost", parts.port or (465 if secure else 25), timeout=TIMEOUT_S) as connection:
        connection.ehlo()
        if not secure and connection.has_extn("starttls"):
            connection.starttls()
            secure = True
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.noop()
    return secure


def outbox(site: Site) -> Iterator[Finding]:
    """What waits is young, and nothing was given up."""
    with site.opened.reading() as session:
        waiting = session.execute(
            select(func.count(), func.min(OutboxMail.created_at)).where(OutboxMail.sent_at.is_(None))
        ).one()
        given_up = session.scalar(
            select(func.count()).where(OutboxMail.sent_at.is_(None), OutboxMail.attempts >= MAX_ATTEMPTS)
        )
        error = session.scalar(
            select(OutboxMail.last_error)
            .where(OutboxMail.sent_at.is_(None), OutboxMail.last_error != "")
            .order_by(OutboxMail.id.desc())
            .limit(1)
        )
    count, oldest = waiting
    if given_up:
        yield OUTBOX.mend(
            msg(
                "%(n)s mails were given up after %(tries)s attempts: %(error)s",
                n=given_up,
                tries=MAX_ATTEMPTS,
                error=error,
            )
        )
    if count > (given_up or 0) and site.now - oldest > STUCK_AFTER:
        yield OUTBOX.mend(
            msg(
                "%(n)s mails wait, the oldest since %(since)s UTC: %(error)s",
                n=count, since=f"{oldest:%Y-%m-%d %H:%M}",
                error=error or msg("nobody sends them; is the server running?"),
            )
        )  # fmt: skip
    elif not given_up:
        yield OUTBOX.well(msg("%(n)s mails wait", n=count))
