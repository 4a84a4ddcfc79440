"""The outbox: no mail server and no odd address stops the mails behind it, or the people at work."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from sqlalchemy import select

from assets.core import outbox
from assets.core.app import App
from assets.core.outbox import OutboxMail, queue_mail
from tests.support.world import SETUP, Clock


@dataclass
class Office:
    """A mail server that refuses some addresses; during each sending somebody else writes into the database."""

    app: App
    clock: Clock
    refuses: dict[str, Exception] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def send(self, recipient: str, subject: str, body: str) -> None:
        with self.app.transaction(SETUP, self.clock.now) as session:
            queue_mail(
                session, dedupe_key=f"written while {recipient} was sent", recipient="later@example.org",
                subject=subject, body=body, now=self.clock.now,
            )  # fmt: skip
        if recipient in self.refuses:
            raise self.refuses[recipient]
        self.sent.append(recipient)


def _queue(app: App, clock: Clock, *recipients: str) -> None:
    with app.transaction(SETUP, clock.now) as session:
        for recipient in recipients:
            queue_mail(session, dedupe_key=recipient, recipient=recipient, subject="s", body="b", now=clock.now)


def test_nobody_waits_for_the_mail_server(sqlite_app: App, clock: Clock) -> None:
    office = Office(sqlite_app, clock)
    _queue(sqlite_app, clock, "a@example.org")
    assert outbox.send_waiting(dataclasses.replace(sqlite_app, mailer=office)) == (1, 0)
    assert office.sent == ["a@example.org"]


def test_a_mail_that_cannot_be_sent_does_not_stop_those_behind_it(app: App, clock: Clock) -> None:
    office = Office(app, clock, {"a@x\r\nBcc: b@y": ValueError("Header values may not contain linefeed")})
    _queue(app, clock, "a@x\r\nBcc: b@y", "c@example.org")
    assert outbox.send_waiting(dataclasses.replace(app, mailer=office)) == (1, 1)
    assert office.sent == ["c@example.org"]
    with app.reading() as session:
        refused = session.scalars(select(OutboxMail).where(OutboxMail.recipient.startswith("a@"))).one()
    assert refused.sent_at is None
    assert "linefeed" in refused.last_error
    assert refused.send_after > clock.now


def test_an_address_that_no_header_holds_is_kept_with_its_reason(app: App, clock: Clock) -> None:
    _queue(app, clock, "a@x\nBcc: b@y", "c@example.org")
    assert outbox.send_waiting(app) == (1, 1)
    assert [path.read_text().count("Bcc") for path in (app.settings.data_dir / "outbox").glob("*.eml")] == [0]
