"""What is silent, kept in memory by one process, and what is stored already brought into line with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.telemetry.days import to_moment
from assets.telemetry.models import SilenceVersion
from assets.telemetry.pipeline import SilentWindow
from assets.telemetry.silence.asking import silent_spans
from assets.telemetry.silence.blanking import blank
from assets.telemetry.silence.spans import Spans, may_tell, merged

ACTOR = system_actor("silence")
AGAIN_AFTER = timedelta(seconds=60)
"""What another process began to store before it knew of a window is committed by then, and is blanked after all."""


class Silence:
    """Asked before each batch; what it says changes by `refresh` alone."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._version: int | None = None
        self._spans: dict[str, Spans] = {}
        self._windows: dict[str, tuple[SilentWindow, ...]] = {}
        self._waiting: dict[str, Spans] = {}
        self._again: list[tuple[datetime, dict[str, Spans]]] = []

    def refresh(self) -> bool:
        """Takes up what changed since the last time; True when `sweep` has something to do. One query if not."""
        now = self._app.clock()
        with self._app.reading() as session:
            version = session.scalar(select(SilenceVersion.version)) or 0
            if version != self._version:
                self._take_up(silent_spans(session), now)
                self._version = version
        for at, spans in self._again:
            if at <= now:
                self._wait_for(spans)
        self._again = [(at, spans) for at, spans in self._again if at > now]
        return bool(self._waiting)

    def windows_of(self, tracker: str) -> tuple[SilentWindow, ...]:
        """When nothing of where this tracker is may be kept, by event time; windows that touch are one."""
        return self._windows.get(tracker, ())

    def hides(self, tracker: str | None, raw: bytes, received_ms: int) -> bool:
        """Whether bytes to be set aside may tell where a tracker was in a silent window: then none are to be kept."""
        return may_tell(raw, (received_ms,), self._spans.get(tracker or "", ()))

    def sweep(self, telemetry: Session) -> int:
        """Takes coordinates out of what is stored in windows that are new or changed; how many samples had any.

        Done once the session commits; if it does not, the next sweep does it again.
        """
        swept = dict(self._waiting)
        blanked = sum(blank(telemetry, tracker, swept[tracker]) for tracker in sorted(swept))
        event.listen(telemetry, "after_commit", lambda session: self._note_commit(session, swept))
        return blanked

    def run_once(self, now: datetime) -> int:
        """`refresh` and, where there is something to do, `sweep` in a transaction of its own."""
        if not self.refresh():
            return 0
        with self._app.telemetry.transaction(ACTOR, now) as telemetry:
            return self.sweep(telemetry)

    def _take_up(self, spans: dict[str, Spans], now: datetime) -> None:
        fresh = {}
        for tracker, each in spans.items():
            known = self._spans.get(tracker, ())
            if changed := tuple(span for span in each if span not in known):
                fresh[tracker] = changed
        if fresh:
            self._wait_for(fresh)
            self._again.append((now + AGAIN_AFTER, fresh))
        self._spans = spans
        self._windows = {
            tracker: tuple(SilentWindow(to_moment(span.first_ms), to_moment(span.until_ms)) for span in each)
            for tracker, each in spans.items()
        }

    def _wait_for(self, spans: dict[str, Spans]) -> None:
        for tracker, each in spans.items():
            self._waiting[tracker] = merged([*self._waiting.get(tracker, ()), *each])

    def _note_commit(self, session: Session, swept: dict[str, Spans]) -> None:
        # What a savepoint released is not committed yet; what came up meanwhile has not been swept.
        if not session.in_nested_transaction():
            self._waiting = {tracker: each for tracker, each in self._waiting.items() if swept.get(tracker) != each}
