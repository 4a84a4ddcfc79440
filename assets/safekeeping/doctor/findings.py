"""What the doctor finds: a subject, how it stands, and words that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from assets.core.app import App
from assets.core.i18n import Message
from assets.settings import Settings


class Level(StrEnum):
    """Well; worth a look, and nothing is lost meanwhile; to be mended, since something is or will be lost."""

    WELL = "well"
    LOOK = "look"
    MEND = "mend"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `name` is stable, for programs; `subject` and `text` are for people."""

    name: str
    subject: Message
    level: Level
    text: Message

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended."""
        return self.level is not Level.MEND


@dataclass(frozen=True)
class Site:
    """What is looked at: the settings, the time, and the application where its database answers.

    Not `thorough`: without what reads a whole database, for a page that is waited for.
    """

    settings: Settings
    now: datetime
    app: App | None = None
    thorough: bool = True

    @property
    def opened(self) -> App:
        """The application; only asked for by those who look into the database."""
        if self.app is None:
            raise ValueError("the database was not opened")
        return self.app


Examiner = Callable[[Site], Iterator[Finding]]


@dataclass(frozen=True)
class Subject:
    """Makes the findings of one subject."""

    name: str
    title: Message

    def well(self, text: Message) -> Finding:
        return Finding(self.name, self.title, Level.WELL, text)

    def look(self, text: Message) -> Finding:
        return Finding(self.name, self.title, Level.LOOK, text)

    def mend(self, text: Message) -> Finding:
        return Finding(self.name, self.title, Level.MEND, text)
