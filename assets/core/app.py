"""The application value that `bootstrap` builds and every door is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.db import Database
from assets.core.occupancy import Occupancy
from assets.settings import Settings


class Mailer(Protocol):
    """Sends one mail or raises OSError; two exist: SMTP and files."""

    def send(self, recipient: str, subject: str, body: str) -> None: ...


def _no_jobs() -> Mapping[str, timedelta]:
    return {}


@dataclass(frozen=True)
class App:
    """Settings, the two databases, the clock and the mailer of one process.

    `job_periods` names the jobs that the scheduler should run and how often, for those who may not import them.
    `occupancy` is the lock that tells a restore that this process works on the data directory.
    """

    settings: Settings
    main: Database
    telemetry: Database
    clock: Callable[[], datetime]
    mailer: Mailer
    secret_key: bytes
    job_periods: Callable[[], Mapping[str, timedelta]] = _no_jobs
    occupancy: Occupancy | None = None

    def transaction(self, actor: Actor, now: datetime | None = None) -> AbstractContextManager[Session]:
        """A writing transaction on the main database, journalled as done by `actor`."""
        return self.main.transaction(actor, now or self.clock())

    def reading(self) -> AbstractContextManager[Session]:
        """A reading session on the main database."""
        return self.main.reading()

    def close(self) -> None:
        self.main.dispose()
        self.telemetry.dispose()
        if self.occupancy is not None:
            self.occupancy.close()
