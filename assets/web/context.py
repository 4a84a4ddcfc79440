"""What a view is given: the application, who asks, the time of the request, and sessions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime

from flask import current_app, flash, g
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import NotAllowed
from assets.core.i18n import DEFAULT_LOCALE, Message, say


def the_app() -> App:
    """The application value that `create_app` was given."""
    app: App = current_app.extensions["assets"]
    return app


def now() -> datetime:
    """The time of this request: the clock is read once."""
    moment: datetime | None = g.get("now")
    if moment is None:
        moment = g.now = the_app().clock()
    return moment


def maybe_actor() -> Actor | None:
    """Who asks, or None when nobody signed in."""
    actor: Actor | None = g.get("actor")
    return actor


def actor() -> Actor:
    """Who asks; the route's declared right has been checked by then."""
    found = maybe_actor()
    if found is None:
        raise NotAllowed
    return found


def reading() -> AbstractContextManager[Session]:
    """A reading session on the main database."""
    return the_app().reading()


def writing() -> AbstractContextManager[Session]:
    """A transaction on the main database, journalled as done by whoever asks."""
    return the_app().transaction(actor(), now())


def locale() -> str:
    """The language of this request."""
    return str(g.get("locale", DEFAULT_LOCALE))


def words(message: Message | str) -> str:
    """A message in the language of this request."""
    return say(message, locale())


def flash_words(message: Message | str, category: str = "ready") -> None:
    """Show a message on the next page; category is one of the five states."""
    flash(words(message), category)
