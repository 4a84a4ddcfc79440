"""A storm over commands: phones that record, and a network that drops, repeats, reorders, splits and kills."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, event
from werkzeug.test import TestResponse

from tests.support.world import Clock

Post = Callable[[str, Any], TestResponse]
"""Posts a body to a path of the API, as one login."""
SPANS = (timedelta(minutes=8), timedelta(hours=3), timedelta(days=2), timedelta(days=6))
# In seconds; below five it would be taken for the way of the network (custody/rules/device_time.py).
CLOCKS_OFF = (0, 0, 0, 12, -40, 3600, -3600, 3 * 86400, -3 * 86400)
FATES = ("arrives", "arrives", "unanswered", "twice", "killed", "killed")
KILLS = ("statement", "before_commit", "after_commit")
PERSONS = {"IMT-TK": ("P-001", "P-002"), "IMT-FA": ("P-101",), "IMT-SU": ("P-002", "P-101")}
"""To whom the phone of a unit gives things: that of the third belongs to one who acts for all."""
FIELD = ("sighting", "condition", "fault", "reading", "use", "check")
HANDING = ("issue", "return", "transfer_send", "transfer_receive")


@dataclass(frozen=True)
class Told:
    """One command as it truly was: by whose phone, on what, when by the true clock, with the phone's counter."""

    id: str
    login: str
    kind: str
    code: str
    at: datetime
    n: int
    data: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, int, str]:
        return (self.at, self.n, self.id)


@dataclass(frozen=True)
class Heard:
    """What the server answered to a command, as far as the phone keeps it."""

    was_taken: bool
    code: str
    message: str


@dataclass
class Phone:
    """One account's phone. `off`: how far its clock is ahead; `waiting`: what of `told` it has heard no answer to."""

    login: str
    unit: str
    post: Post
    off: timedelta = timedelta(0)
    told: list[Told] = field(default_factory=list)
    waiting: list[Told] = field(default_factory=list)
    heard: dict[str, Heard] = field(default_factory=dict)

    def body(self, batch: list[Told], now: datetime) -> dict[str, Any]:
        """The batch as it is sent at `now`, in times of the phone's own clock."""
        return {"sent_at": (now + self.off).isoformat(), "commands": [self._as_sent(each) for each in batch]}

    def _as_sent(self, told: Told) -> dict[str, Any]:
        data = dict(told.data)
        for key in ("started_at", "ended_at"):
            if key in data:
                data[key] = (data[key] + self.off).isoformat()
        return {
            "id": told.id, "n": told.n, "kind": told.kind, "code": told.code,
            "occurred_at": (told.at + self.off).isoformat(), "data": data,
        }  # fmt: skip

    def tell(self, told: Told) -> None:
        """Record something, to be sent whenever there is a network."""
        self.told.append(told)
        self.waiting.append(told)

    @property
    def taken(self) -> list[Told]:
        """What the server said that it has recorded."""
        return [told for told in self.told if told.id in self.heard and self.heard[told.id].was_taken]

    def hear(self, answer: TestResponse) -> None:
        """Keep what was answered: what was taken once is taken, in the same words."""
        assert answer.status_code == 200, answer.get_data(as_text=True)
        for result in answer.get_json()["results"]:
            said = Heard(result["status"] != "refused", result["code"], result["message"])
            before = self.heard.get(result["id"])
            assert before in {None, said}, f"{result['id']} was answered otherwise before: {before}, {said}"
            assert before is None or result["status"] == "repeated", "what was answered is not done again"
            self.heard[result["id"]] = said
        self.waiting = [told for told in self.waiting if told.id not in self.heard]


class Killed(BaseException):
    """The server's process is gone: nothing in it catches this."""


@contextmanager
def killing(engine: Engine, point: int, how: str) -> Iterator[None]:
    """The server dies at the `point`-th statement or commit: before it, or once the database has committed."""
    left = [point]

    def die(connection: Connection) -> None:
        left[0] -= 1
        if left[0] == 0:
            if how == "after_commit":
                connection.engine.dialect.do_commit(connection.connection)
            connection.invalidate()  # the database sees the connection of a dead process close
            raise Killed

    def before_statement(connection: Connection, *_: Any) -> None:
        die(connection)

    name, listener = ("before_cursor_execute", before_statement) if how == "statement" else ("commit", die)
    event.listen(engine, name, listener)
    try:
        yield
    finally:
        event.remove(engine, name, listener)


@dataclass
class Story:
    """What people do with a few things within a while: mostly sense, sometimes not; by one seed always the same."""

    rng: random.Random
    phones: list[Phone]
    units: dict[str, str]  # of each thing's code: the unit that it begins with
    now: datetime

    def tell(self, how_many: int) -> None:
        """So many commands, each recorded by its phone in the order of their happening."""
        span = self.rng.choice(SPANS)
        seconds = sorted(self.rng.randrange(int(span.total_seconds())) for _ in range(how_many))
        for place_of_tie in self.rng.sample(range(1, how_many), 2):
            seconds[place_of_tie] = seconds[place_of_tie - 1]  # things in the same second
        place = {code: [unit, "", ""] for code, unit in self.units.items()}  # with whom, on its way to, held by
        for second in seconds:
            self._one(self.now - span + timedelta(seconds=second), place)

    def _one(self, at: datetime, place: dict[str, list[str]]) -> None:
        code = self.rng.choice(list(place))
        unit, to, held = place[code]
        kind = self.rng.choice((*FIELD, *HANDING, "issue", "issue"))
        if self.rng.random() < 0.55:  # what makes sense
            kind = "transfer_receive" if to else "return" if held else self.rng.choice(("issue", "transfer_send"))
        there = [one for one in self.phones if one.unit == (to if kind == "transfer_receive" else unit)]
        if not there or self.rng.random() < 0.1:
            there = self.phones
        phone = self.rng.choice(there)
        data = self._data(kind, phone, at)
        self._follow(kind, place[code], phone, data)
        command_id = str(UUID(int=self.rng.getrandbits(128), version=4))
        phone.tell(Told(command_id, phone.login, kind, code, at, len(phone.told), data))

    def _follow(self, kind: str, place: list[str], phone: Phone, data: dict[str, Any]) -> None:
        if kind == "transfer_send":
            place[1] = data["to_unit"]
        elif kind == "transfer_receive" and not data.get("differences"):
            place[0], place[1] = phone.unit, ""
        elif kind in {"issue", "return"}:
            place[2] = data.get("to", "")

    def _data(self, kind: str, phone: Phone, at: datetime) -> dict[str, Any]:
        pick, grade = self.rng.choice, self.rng.choice("ABCD")
        if kind == "issue":
            until = pick(("", "", (self.now + timedelta(days=2)).date().isoformat()))
            return {
                "to": pick(PERSONS[phone.unit]),
                "override_reason": pick(("", "night shift", "night shift")),
                "until": until,
            }
        if kind == "transfer_send":
            until = pick(("", "", "", (self.now + timedelta(days=2)).date().isoformat()))
            return {"to_unit": pick([unit for unit in PERSONS if unit != phone.unit]), "until": until}
        if kind == "transfer_receive":
            return self._receipt(phone, grade)
        told: dict[str, dict[str, Any]] = {
            "sighting": {"condition": pick((None, grade)), "note": "seen"},
            "condition": {"grade": grade},
            "fault": {"severity": pick(("minor", "major")), "text": "rattles"},
            "reading": {"meter": "uses", "value": self.rng.randrange(40)},
            "use": {"started_at": at - timedelta(minutes=self.rng.randrange(1, 90)), "count": self.rng.randrange(1, 5)},
            "check": {"items": {"glass": pick(("ok", "ok", "not"))}, "passed": pick((True, True, False))},
            "return": {"condition": grade, "use": pick((None, {"count": 2}))},
        }
        return told[kind]

    def _receipt(self, phone: Phone, grade: str) -> dict[str, Any]:
        named = {"to_unit": phone.unit}
        found = self.rng.random()
        if found < 0.15:
            return {**named, "differences": [{"kind": "missing", "note": "not in the box"}]}
        if found < 0.3:
            return {**named, "condition": grade, "differences": [{"kind": "damaged", "note": "glass cracked"}]}
        return {**named, "condition": grade}


@dataclass
class Storm:
    """Brings what waits on the phones to the server, through whatever happens to it on the way."""

    rng: random.Random
    phones: list[Phone]
    clock: Clock
    engine: Engine
    seen: dict[str, int] = field(default_factory=dict)

    def rage(self, batches: int) -> None:
        """So many batches, cut anywhere, in any order of phones, each with a fate of its own."""
        for _ in range(batches):
            phone = self.rng.choice(self.phones)
            if phone.waiting:
                self.clock.advance(timedelta(seconds=self.rng.randrange(90)))
                # Now and then a phone finds the network days later than the others.
                if self.rng.random() < 0.03:
                    self.clock.advance(timedelta(days=4))
                self._send(phone, self.rng.choice(FATES))

    def calm_down(self) -> None:
        """The network is back: each phone sends what still waits, and hears of everything."""
        for phone in self.rng.sample(self.phones, len(self.phones)):
            if phone.waiting:
                phone.hear(phone.post("/commands", phone.body(phone.waiting, self.clock.now)))
            assert not phone.waiting

    def echo(self) -> None:
        """All that was taken arrives once more: it is answered as before."""
        for phone in self.phones:
            if phone.taken:
                phone.hear(phone.post("/commands", phone.body(phone.taken, self.clock.now)))

    def _send(self, phone: Phone, fate: str) -> None:
        first = self.rng.randrange(len(phone.waiting))
        batch = phone.waiting[first : first + self.rng.randrange(1, 9)]
        self.rng.shuffle(batch)
        self.seen[fate] = self.seen.get(fate, 0) + 1
        body = phone.body(batch, self.clock.now)
        if fate == "killed":
            self._kill(phone, body)
            return
        answer = phone.post("/commands", body)
        if fate == "twice":
            answer = phone.post("/commands", body)
        if fate != "unanswered":
            phone.hear(answer)

    def _kill(self, phone: Phone, body: dict[str, Any]) -> None:
        how = self.rng.choice(KILLS)
        point = self.rng.randrange(1, 40) if how == "statement" else self.rng.randrange(1, len(body["commands"]) + 1)
        try:
            with killing(self.engine, point, how):
                phone.post("/commands", body)
        except Killed:
            self.seen[how] = self.seen.get(how, 0) + 1
