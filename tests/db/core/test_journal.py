"""The journal: nothing journalled changes without an entry, and a chain that was touched is noticed."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.actor import Actor, system_actor
from assets.core.anchor import anchor, anchor_file, verify
from assets.core.app import App
from assets.core.journal import JournalEntry, first_bad_entry
from assets.people.models import Organisation, Person
from tests.support.world import SETUP, Clock, World


def _entries(app: App, entity: str) -> list[JournalEntry]:
    with app.reading() as session:
        return list(
            session.scalars(select(JournalEntry).where(JournalEntry.entity == entity).order_by(JournalEntry.seq))
        )


def _organisation(code: str) -> Organisation:
    return Organisation(code=code, kind="agency", name=f"Agency {code}")


def test_change_is_recorded_with_who_when_and_what(app: App, clock: Clock) -> None:
    actor = Actor(kind="account", name="someone", account_id=None, origin="web 10.0.0.1")
    with app.transaction(actor) as session:
        session.add(_organisation("A"))
    clock.advance(timedelta(hours=1))
    with app.transaction(system_actor("job:test")) as session:
        found = session.scalars(select(Organisation)).one()
        found.name = "Renamed"
    added, changed = _entries(app, "organisation")
    assert (added.action, changed.action) == ("added", "changed")
    body = json.loads(changed.body)
    assert body["values"] == {"name": ["Agency A", "Renamed"]}
    assert body["by"] == {"system": "job:test"}
    assert body["at"] == clock.now.isoformat()
    assert json.loads(added.body)["from"] == "web 10.0.0.1"


def test_failed_transaction_leaves_no_entry(app: App) -> None:
    def fail() -> None:
        with app.transaction(SETUP) as session:
            session.add(_organisation("A"))
            session.flush()
            raise ValueError("after the flush")

    with pytest.raises(ValueError, match="after the flush"):
        fail()
    with app.transaction(SETUP) as session:
        session.add(_organisation("B"))
    assert [json.loads(e.body)["values"]["code"] for e in _entries(app, "organisation")] == ["B"]
    assert verify(app).ok


def test_undone_savepoint_leaves_no_entry(app: App) -> None:
    def fail(session: Session) -> None:
        with session.begin_nested():
            session.add(_organisation("B"))
            session.flush()
            raise ValueError("undo")

    with app.transaction(SETUP) as session:
        session.add(_organisation("A"))
        with pytest.raises(ValueError, match="undo"):
            fail(session)
    assert [json.loads(e.body)["values"]["code"] for e in _entries(app, "organisation")] == ["A"]


def test_names_of_persons_stand_not_in_the_journal(app: App, world: World) -> None:
    with app.transaction(SETUP) as session:
        person = session.get_one(Person, world.persons["P-001"].id)
        person.name = "Yangi Ism"
    with app.reading() as session:
        everything = " ".join(session.scalars(select(JournalEntry.body)))
    assert "Yangi Ism" not in everything
    assert "Karimov" not in everything
    assert "argon2" not in everything


def test_writing_without_an_actor_is_an_error(app: App) -> None:
    with Session(app.main.engine) as session:
        session.add(_organisation("A"))
        with pytest.raises(RuntimeError, match="without an actor"):
            session.flush()


def test_reading_session_never_writes(app: App) -> None:
    with app.reading() as session:
        session.add(_organisation("A"))
        with pytest.raises(RuntimeError, match="never writes"):
            session.flush()


@pytest.mark.parametrize(
    "statement",
    [
        update(Organisation).values(name="x"),
        delete(Organisation),
        insert(Organisation).values(code="Z", kind="agency", name="Z"),
        update(Organisation.__table__).values(name="x"),  # type: ignore[arg-type]  # a Table at run time
    ],
    ids=["update", "delete", "insert", "core update"],
)
def test_bulk_statement_on_a_journalled_table_is_refused(app: App, statement: object) -> None:
    with pytest.raises(RuntimeError, match="bulk statements"), app.transaction(SETUP) as session:
        session.execute(statement)  # type: ignore[call-overload]  # each is an executable


def test_first_changed_entry_is_named(app: App, world: World) -> None:
    with app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("UPDATE journal_entry SET body = replace(body, 'UZ-TK', 'UZ-XX') WHERE seq = 1"))
    with app.reading() as session:
        assert first_bad_entry(session) == 1
    assert not verify(app).ok


def test_cut_tail_is_noticed_by_the_anchor(app: App, world: World) -> None:
    anchor(app)
    with app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("DELETE FROM journal_entry WHERE seq > (SELECT max(seq) - 5 FROM journal_entry)"))
    with app.reading() as session:
        assert first_bad_entry(session) is None, "a chain alone cannot see that its tail was cut"
    verdict = verify(app)
    assert not verdict.ok
    assert "anchored entry" in verdict.text


def test_anchor_is_written_once_per_head(app: App, world: World) -> None:
    anchor(app)
    anchor(app)
    assert len(anchor_file(app).read_text().splitlines()) == 1


def test_twenty_writers_at_once_make_one_chain(app: App, clock: Clock) -> None:
    def write(number: int) -> None:
        for turn in range(2):
            with app.transaction(SETUP) as session:
                session.add(_organisation(f"W{number}-{turn}"))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(JournalEntry)) == 40
        assert first_bad_entry(session) is None


def test_note_is_an_entry_of_its_own(app: App, world: World) -> None:
    with app.transaction(world.actors["coordinator"]) as session:
        journal.note(session, "position", "TRK-1", "looked", span="2026-11-01/2026-11-02")
    (entry,) = _entries(app, "position")
    assert entry.account_id == world.accounts["coordinator"].id
    assert json.loads(entry.body)["values"]["span"] == "2026-11-01/2026-11-02"
