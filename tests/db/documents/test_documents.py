"""Documents on both engines: the subject's scope on every read and write, versions, off the list and back, files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core import files
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from assets.core.journal import JournalEntry
from assets.documents import service
from assets.documents.models import Document, DocumentVersion
from assets.documents.queries import (
    DocumentFilter,
    document_by_id,
    documents_count,
    documents_of,
    documents_page,
    every_version,
    version_of,
)
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.subjects import SUBJECTS, subject_of, writable_subject
from assets.handover.models import HandoverLine
from assets.operations.models import Operation
from assets.people.rules import POLICY, Role
from assets.registry.models import Asset, AssetEvent
from tests.support.papers import HIDDEN, PDF, put_subjects, telling_jpeg
from tests.support.world import SETUP, Clock, World

Places = dict[SubjectName, int]
SCOPED = [name for name in SubjectName if name not in {SubjectName.GRANT, SubjectName.MODEL}]


@pytest.fixture
def folder(app: App) -> Path:
    return files.folder_in(app.settings.data_dir)


@pytest.fixture
def here(app: App, world: World, clock: Clock) -> Places:
    with app.transaction(SETUP, clock.now) as session:
        return put_subjects(session, world, clock.now)


@pytest.fixture
def elsewhere(app: App, world: World, clock: Clock) -> Places:
    with app.transaction(SETUP, clock.now) as session:
        return put_subjects(session, world, clock.now, "IMT-FA")


def put(session: Session, places: Places, name: SubjectName, folder: Path, clock: Clock, actor: Actor = SETUP) -> int:
    """A paper of this thing, put there by the set-up unless told otherwise."""
    draft = service.Draft((name, places[name]), Kind.ACT, f"Act of {name}")
    return service.add_document(session, actor, draft, Upload(PDF, "../../act.pdf"), folder, clock.now).id


Change = Callable[[Session, Actor, int], object]


def changes(folder: Path, clock: Clock) -> list[Change]:
    """Everything that can be done to a paper that is there."""
    return [
        lambda s, actor, i: service.add_version(s, actor, i, Upload(PDF + b"2"), "", folder, clock.now),
        lambda s, actor, i: service.remove_document(s, actor, i, "a reason", clock.now),
        lambda s, actor, i: service.restore_document(s, actor, i, "", clock.now),
    ]


def reads(name: SubjectName, role: str) -> bool:
    return Role(role) in POLICY[SUBJECTS[name].read]


def writes(name: SubjectName, role: str) -> bool:
    return any(Role(role) in POLICY[right] for right in SUBJECTS[name].write)


@pytest.mark.parametrize("name", list(SubjectName))
def test_page_list_and_content_agree_on_who_sees_a_paper(
    app: App, world: World, clock: Clock, here: Places, folder: Path, name: SubjectName
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, name, folder, clock)
    for role in (role.value for role in Role):
        actor = world.actors[role]
        with app.reading() as session:
            listed = [row.document.id for row in documents_page(session, actor, DocumentFilter())]
            exported = [document.id for document, _ in every_version(session, actor)]
            expected = [document_id] if reads(name, role) else []
            assert (role, listed, exported) == (role, expected, expected)
            assert documents_count(session, actor, DocumentFilter()) == len(expected)
            if reads(name, role):
                assert document_by_id(session, actor, document_id)[1].may_write is writes(name, role)
                assert version_of(session, actor, document_id)[1].number == 1
            else:
                for look in (document_by_id, version_of):
                    with pytest.raises(NotFound):
                        look(session, actor, document_id)


@pytest.mark.parametrize("name", list(SubjectName))
@pytest.mark.parametrize("login", ["logistics2", "officer2"])
def test_another_units_paper_is_as_if_it_were_not_there(
    app: App, world: World, clock: Clock, here: Places, elsewhere: Places, folder: Path, name: SubjectName, login: str
) -> None:
    """Nor can anything be added to it, taken off or put back; grants and models are the same for everyone."""
    actor = world.actors[login]
    role = {"logistics2": "logistics_officer", "officer2": "officer"}[login]
    with app.transaction(SETUP, clock.now) as session:
        theirs, own = (put(session, places, name, folder, clock) for places in (here, elsewhere))
    with app.reading() as session:
        listed = {row.document.id for row in documents_page(session, actor, DocumentFilter())}
    hidden = name in SCOPED
    assert listed == (set() if not reads(name, role) else {own} if hidden else {own, theirs})
    if not hidden:
        return
    before = sorted(path.name for path in folder.iterdir())
    said = set()
    for document_id in (theirs, 999_999):
        for change in (*changes(folder, clock), version_of):
            with pytest.raises(NotFound) as caught, app.transaction(actor, clock.now) as session:
                change(session, actor, document_id)
            said.add(str(caught.value))
    with pytest.raises(NotFound), app.transaction(actor, clock.now) as session:
        put(session, here, name, folder, clock, actor)
    assert len(said) == 1, "unknown and foreign must look the same"
    assert sorted(path.name for path in folder.iterdir()) == before, "no file is stored for who may not"


@pytest.mark.parametrize("name", list(SubjectName))
def test_only_who_writes_the_thing_changes_its_papers(
    app: App, world: World, clock: Clock, here: Places, folder: Path, name: SubjectName
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, name, folder, clock)
    before = sorted(path.name for path in folder.iterdir())
    for role in (role.value for role in Role if reads(name, role.value)):
        actor = world.actors[role]
        if writes(name, role):
            with app.transaction(actor, clock.now) as session:
                writable_subject(session, actor, name, here[name])
            continue
        for change in changes(folder, clock):
            with pytest.raises(NotAllowed), app.transaction(actor, clock.now) as session:
                change(session, actor, document_id)
        with pytest.raises(NotAllowed), app.transaction(actor, clock.now) as session:
            put(session, here, name, folder, clock, actor)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_paper_of_an_open_operation_is_for_those_who_know_of_it(
    app: App, world: World, clock: Clock, here: Places, folder: Path
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.OPERATION, folder, clock)
        session.get_one(Operation, here[SubjectName.OPERATION]).closed_at = None
    with app.reading() as session:
        assert document_by_id(session, world.actors["commander"], document_id)
        for login in ("auditor", "officer2", "administrator"):
            assert documents_page(session, world.actors[login], DocumentFilter()) == []
            with pytest.raises(NotFound):
                version_of(session, world.actors[login], document_id)


def test_paper_of_an_item_registered_by_mistake_is_gone_with_it(
    app: App, world: World, clock: Clock, here: Places, folder: Path
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.ASSET, folder, clock)
        session.get_one(Asset, here[SubjectName.ASSET]).annulled_at = clock.now
    with app.reading() as session, pytest.raises(NotFound):
        document_by_id(session, world.actors["coordinator"], document_id)


def test_batch_without_an_item_is_for_those_who_may_write_batches(
    app: App, world: World, clock: Clock, here: Places
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        session.get_one(Asset, here[SubjectName.ASSET]).batch = None
    with app.reading() as session:
        assert subject_of(session, world.actors["logistics2"], SubjectName.BATCH, here[SubjectName.BATCH]).may_write
        with pytest.raises(NotFound):
            subject_of(session, world.actors["officer"], SubjectName.BATCH, here[SubjectName.BATCH])


@pytest.mark.parametrize("of_deed", [True, False])
def test_papers_of_a_shared_round_are_for_those_who_reach_every_unit_of_it(
    app: App, world: World, clock: Clock, here: Places, elsewhere: Places, folder: Path, of_deed: bool
) -> None:
    """A signed act names every item's number: who reaches one unit of two neither reads nor replaces it."""
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.BATCH, folder, clock)
        theirs = session.get_one(Asset, elsewhere[SubjectName.ASSET])
        if of_deed:
            line = HandoverLine(
                batch_id=here[SubjectName.BATCH], number=1, class_id=theirs.class_id, quantity=1, unit_id=theirs.unit_id
            )
            session.add(line)
        else:
            theirs.batch_id = here[SubjectName.BATCH]
    for login in ("logistics_officer", "logistics2", "officer", "officer2"):
        with app.reading() as session:
            assert documents_page(session, world.actors[login], DocumentFilter()) == []
        for change in (*changes(folder, clock), version_of):
            with pytest.raises(NotFound), app.transaction(world.actors[login], clock.now) as session:
                change(session, world.actors[login], document_id)
    with app.reading() as session:
        assert document_by_id(session, world.actors["coordinator"], document_id)[1].may_write


def test_versions_stay_and_the_newest_is_shown(
    app: App, world: World, clock: Clock, here: Places, folder: Path
) -> None:
    coordinator = world.actors["coordinator"]
    with app.transaction(coordinator, clock.now) as session:
        document_id = put(session, here, SubjectName.BATCH, folder, clock, coordinator)
    later = clock.advance(timedelta(days=1))
    with app.transaction(coordinator, later) as session:
        service.add_version(
            session, coordinator, document_id, Upload(telling_jpeg(), "IMG.HTML"), "signed", folder, later
        )
    with app.reading() as session:
        document, subject = document_by_id(session, world.actors["auditor"], document_id)
        newest, first = document.versions
        assert (newest.number, newest.content_type, newest.note, newest.added_at) == (2, "image/jpeg", "signed", later)
        assert (first.number, first.uploaded_name, first.account_id) == (1, "act.pdf", coordinator.account_id)
        assert files.read(folder, first.file_key) == PDF
        shown = files.read(folder, newest.file_key)
        assert not [word for word in HIDDEN if word.encode() in shown]
        assert [row.version.number for row in documents_of(session, subject)] == [2]
        assert version_of(session, coordinator, document_id, 1)[1].id == first.id
        with pytest.raises(NotFound):
            version_of(session, coordinator, document_id, 3)


def test_same_file_again_is_no_new_version(app: App, clock: Clock, here: Places, folder: Path) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.GRANT, folder, clock)
    with pytest.raises(Conflict) as caught, app.transaction(SETUP, clock.now) as session:
        service.add_version(session, SETUP, document_id, Upload(PDF), "", folder, clock.now)
    assert caught.value.code == "same_file"


def test_taking_off_needs_a_reason_deletes_nothing_and_is_undone(
    app: App, world: World, clock: Clock, here: Places, folder: Path
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.ASSET, folder, clock)
    keeper = world.actors["logistics_officer"]
    with pytest.raises(InvalidInput), app.transaction(keeper, clock.now) as session:
        service.remove_document(session, keeper, document_id, "\u202e \n", clock.now)
    with app.transaction(keeper, clock.now) as session:
        service.remove_document(session, keeper, document_id, "wrong item", clock.now)
    with app.reading() as session:
        officer, auditor = world.actors["officer"], world.actors["auditor"]
        assert documents_page(session, officer, DocumentFilter()) == []
        assert len(documents_page(session, officer, DocumentFilter(removed=True))) == 1
        with pytest.raises(NotFound):
            version_of(session, officer, document_id)
        for may in (keeper, auditor):
            assert files.read(folder, version_of(session, may, document_id)[1].file_key) == PDF
    with pytest.raises(Conflict), app.transaction(keeper, clock.now) as session:
        service.add_version(session, keeper, document_id, Upload(PDF + b"2"), "", folder, clock.now)
    with app.transaction(keeper, clock.now) as session:
        service.restore_document(session, keeper, document_id, "it was right", clock.now)
    with app.reading() as session:
        document, _ = document_by_id(session, officer, document_id)
        steps = [(removal.step, removal.reason, removal.account_id) for removal in document.removals]
        assert steps == [("restored", "it was right", keeper.account_id), ("removed", "wrong item", keeper.account_id)]
        assert (document.removed_at, document.removal_reason) == (None, "")


def test_item_tells_of_its_papers_without_their_titles(app: App, clock: Clock, here: Places, folder: Path) -> None:
    """The history is seen by more people than the papers are, and a title may hold a serial number."""
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.ASSET, folder, clock)
        service.add_version(session, SETUP, document_id, Upload(PDF + b"2"), "", folder, clock.now)
        service.remove_document(session, SETUP, document_id, "wrong item", clock.now)
        service.restore_document(session, SETUP, document_id, "", clock.now)
        events = session.scalars(select(AssetEvent).where(AssetEvent.kind.startswith("paper_"))).all()
        told = {event.kind: event.data for event in events}
    paper = {"document": document_id, "paper": "act"}
    assert told == {
        "paper_added": paper, "paper_renewed": paper, "paper_removed": {**paper, "reason": "wrong item"},
        "paper_restored": paper,
    }  # fmt: skip


def test_each_step_stands_in_the_journal(app: App, clock: Clock, here: Places, folder: Path) -> None:
    with app.transaction(SETUP, clock.now) as session:
        document_id = put(session, here, SubjectName.OPERATION, folder, clock)
        service.remove_document(session, SETUP, document_id, "wrong", clock.now)
    with app.reading() as session:
        entities = set(session.scalars(select(JournalEntry.entity).where(JournalEntry.entity.startswith("document"))))
    assert entities == {"document", "document_version", "document_removal"}


@pytest.mark.parametrize("content", [b"<svg onload='x'/>", b"PK\x03\x04bomb", b""])
def test_hostile_file_is_refused_and_leaves_nothing(
    app: App, clock: Clock, here: Places, folder: Path, content: bytes
) -> None:
    draft = service.Draft((SubjectName.ASSET, here[SubjectName.ASSET]), Kind.PHOTO)
    with pytest.raises(InvalidInput) as caught, app.transaction(SETUP, clock.now) as session:
        service.add_document(session, SETUP, draft, Upload(content, "photo.jpg"), folder, clock.now)
    assert caught.value.fields[0].field == "file"
    with app.reading() as session:
        assert session.scalar(select(Document.id)) is None
    assert not list(folder.glob("*"))


def test_list_is_searched_filtered_and_paged(app: App, clock: Clock, here: Places, folder: Path) -> None:
    with app.transaction(SETUP, clock.now) as session:
        for n, title in enumerate(("Deed of GIFT", "Хужжат тўплами", "100% sure", "a_b", "Act 4")):
            subject = (
                SubjectName.GRANT if n else SubjectName.BATCH,
                here[SubjectName.GRANT if n else SubjectName.BATCH],
            )
            draft = service.Draft(subject, Kind.DEED if n < 2 else Kind.REPORT, title)
            service.add_document(session, SETUP, draft, Upload(PDF), folder, clock.now)

    def found(**wanted: object) -> list[str]:
        with app.reading() as session:
            filters = replace(DocumentFilter(), **wanted)  # type: ignore[arg-type]  # each is one of its fields
            rows = documents_page(session, SETUP, filters)
            assert len(rows) == documents_count(session, SETUP, filters)
            return [row.document.title for row in rows]

    assert found(query="gift deed") == ["Deed of GIFT"]
    assert found(query="хужжат") == ["Хужжат тўплами"]
    assert found(query="100%") == ["100% sure"]
    assert found(query="a_b") == ["a_b"]
    assert found(query="%") == ["100% sure"]
    assert found(kind=Kind.DEED) == ["Хужжат тўплами", "Deed of GIFT"]
    assert found(subject_kind=SubjectName.BATCH) == ["Deed of GIFT"]
    assert len(found(subject=(SubjectName.GRANT, here[SubjectName.GRANT]))) == 4
    with app.reading() as session:
        first = documents_page(session, SETUP, DocumentFilter(), limit=3)
        rest = documents_page(session, SETUP, DocumentFilter(), limit=3, after=(first[-1].document.id,))
        assert [row.document.title for row in first + rest] == found()
        assert first[0].code == "G-IMT-TK"


def test_file_of_a_rolled_back_transaction_is_swept_after_a_week_and_no_other(
    app: App, clock: Clock, here: Places, folder: Path
) -> None:
    def broken() -> None:
        with app.transaction(SETUP, clock.now) as session:
            put(session, here, SubjectName.ASSET, folder, clock)
            raise RuntimeError("the machine broke")

    with pytest.raises(RuntimeError):
        broken()
    with app.transaction(SETUP, clock.now) as session:
        put(session, here, SubjectName.ASSET, folder, clock)
    (folder / "notes.txt").write_text("somebody's")
    for path in folder.iterdir():
        os.utime(path, (clock.now.timestamp(), clock.now.timestamp()))
    with app.reading() as session:
        stock = files.inventory(session, folder)
        assert (stock.kept, stock.missing, len(stock.left_over)) == (1, (), 1)
        assert files.sweep(session, folder, clock.advance(timedelta(days=6))) == 0
        assert files.sweep(session, folder, clock.advance(timedelta(days=1))) == 1
        assert files.inventory(session, folder) == files.Inventory(1, (), ())
    assert (folder / "notes.txt").exists()


def test_file_that_is_missing_is_named(app: App, clock: Clock, here: Places, folder: Path) -> None:
    with app.transaction(SETUP, clock.now) as session:
        put(session, here, SubjectName.ASSET, folder, clock)
        key = session.scalars(select(DocumentVersion.file_key)).one()
    (folder / key).unlink()
    with app.reading() as session:
        assert files.inventory(session, folder).missing == (key,)
