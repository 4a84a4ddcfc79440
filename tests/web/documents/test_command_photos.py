"""Photos of commands: they belong to what one recorded oneself, are kept once, and hold nothing but pixels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core import files
from assets.core.app import App
from assets.documents.models import Document
from assets.documents.rules import MAX_OF_EVENT, MAX_OF_SUBJECT, Kind, SubjectName
from assets.registry.models import Asset, AssetEvent
from assets.registry.service.given_up import MAX_A_DAY, GivenUpCommand, note_given_up
from tests.support.custody import new_asset
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.papers import HIDDEN, PDF, picture, png_claiming, telling_jpeg
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Seen = tuple[str, str]


@pytest.fixture
def seen(app: App, api: Callable[[str], Api], clock: Clock) -> Seen:
    """(command, asset's code): the officer has seen an asset."""
    code, command = new_asset(app, clock.now), str(uuid4())
    body = {"id": command, "n": 1, "kind": "sighting", "code": code, "occurred_at": clock.now.isoformat(), "data": {}}
    answer = api("officer").post("/commands", {"sent_at": clock.now.isoformat(), "commands": [body]})
    assert answer.get_json()["results"][0]["status"] == "accepted"
    return command, code


def send(program: Api, command: str, content: bytes, name: str = "IMG_1.jpg") -> Any:
    form = {"photo": (BytesIO(content), name)}
    return program.client.post(f"/api/v1/commands/{command}/photos", data=form, headers=program.headers)


def kept(app: App) -> list[str]:
    folder = files.folder_in(app.settings.data_dir)
    with app.reading() as session:
        documents = session.scalars(select(Document).where(Document.event_id.is_not(None))).all()
        keys = [version.file_key for document in documents for version in document.versions]
    assert all((folder / key).is_file() for key in keys)
    return keys


def test_photo_stands_with_what_it_was_taken_of(
    app: App, seen: Seen, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    command, code = seen
    answer = send(api("officer"), command, picture())
    assert (answer.status_code, answer.get_json()["status"]) == (201, "accepted")
    page = client_for("logistics_officer").get(f"/assets/{code}").get_data(as_text=True)
    assert f'href="/documents/{answer.get_json()["document"]}"' in page
    listed = api("logistics_officer").get("/documents", subject_kind="asset").get_json()["items"]
    assert [item["kind"] for item in listed] == ["photo"]


def test_same_photo_again_is_kept_once_and_another_beside_it(app: App, seen: Seen, api: Callable[[str], Api]) -> None:
    officer, (command, _) = api("officer"), seen
    first, again, other = (send(officer, command, picture(colour=c)) for c in ("navy", "navy", "red"))
    assert [a.status_code for a in (first, again, other)] == [201, 200, 201]
    assert again.get_json() == {"document": first.get_json()["document"], "status": "repeated"}
    assert len(kept(app)) == 2


def test_where_and_by_what_it_was_taken_is_not_kept(app: App, seen: Seen, api: Callable[[str], Api]) -> None:
    assert send(api("officer"), seen[0], telling_jpeg()).status_code == 201
    content = (files.folder_in(app.settings.data_dir) / kept(app)[0]).read_bytes()
    assert not [told for told in HIDDEN if told.encode() in content]


@pytest.mark.parametrize("login", ["logistics_officer", "coordinator", "commander"])
def test_nobody_adds_to_what_somebody_else_recorded(
    app: App, seen: Seen, api: Callable[[str], Api], login: str
) -> None:
    assert send(api(login), seen[0], picture()).status_code == 404
    assert send(api(login), str(uuid4()), picture()).status_code == 404
    assert kept(app) == []


@pytest.mark.parametrize("content", [PDF, b"", b"<svg onload='x()'/>", png_claiming(50_000, 50_000)], ids=len)
def test_what_is_no_picture_is_refused_and_the_record_stays(
    app: App, seen: Seen, api: Callable[[str], Api], content: bytes
) -> None:
    answer = send(api("officer"), seen[0], content)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.get_json()["errors"]] == ["photo"]
    assert kept(app) == []
    with app.reading() as session:
        assert session.get(AssetEvent, seen[0]) is not None


def test_an_action_has_so_many_photos_and_no_more(app: App, seen: Seen, api: Callable[[str], Api]) -> None:
    officer = api("officer")
    answers = [send(officer, seen[0], picture(size=(8 + n, 8))) for n in range(MAX_OF_EVENT + 1)]
    assert [a.status_code for a in answers] == [201] * MAX_OF_EVENT + [422]
    assert answers[-1].get_json()["code"] == "too_many_photos"
    assert len(kept(app)) == MAX_OF_EVENT


def test_photos_count_among_the_papers_that_an_item_may_have(
    app: App, seen: Seen, api: Callable[[str], Api], clock: Clock
) -> None:
    assert send(api("officer"), seen[0], picture()).status_code == 201
    with app.transaction(SETUP, clock.now) as session:
        asset_id = session.get_one(AssetEvent, seen[0]).asset_id
        session.add_all(
            Document(
                subject_kind=SubjectName.ASSET, subject_id=asset_id, kind=Kind.OTHER, title=f"Paper {n}",
                added_at=clock.now, removal_reason="",
            )
            for n in range(MAX_OF_SUBJECT - 1)
        )  # fmt: skip
    answer = send(api("officer"), seen[0], picture(colour="red"))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "too_many_documents")
    assert send(api("officer"), seen[0], picture()).get_json()["status"] == "repeated", "what is kept is kept"
    assert len(list(files.folder_in(app.settings.data_dir).iterdir())) == 1, "what was refused takes no room"


@pytest.mark.parametrize("gone", ["to another unit", "registered by mistake"])
def test_nothing_is_added_to_an_item_that_is_out_of_sight_by_now(
    gone: str, app: App, world: World, seen: Seen, api: Callable[[str], Api], clock: Clock
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        asset = session.get_one(Asset, session.get_one(AssetEvent, seen[0]).asset_id)
        if gone == "to another unit":
            asset.unit_id = world.units["IMT-FA"].id
        else:
            asset.annulled_at = clock.now
    assert send(api("officer"), seen[0], picture()).status_code == 404
    assert send(api("officer"), seen[0], PDF).status_code == 404, "nor is the file looked at"
    assert kept(app) == []


def given_up(program: Api, command: str, **more: Any) -> Any:
    body = {"kind": "sighting", "code": "ABCDEFGHJK", "occurred_at": "2026-11-22T09:00:00+00:00", "data": {}, **more}
    return program.post(f"/commands/{command}/given-up", {"reason": "wrong item", **body})


@pytest.mark.parametrize("taken", [True, False])
def test_giving_up_tells_whether_it_was_recorded_whatever_the_phone_says(
    taken: bool, app: App, seen: Seen, api: Callable[[str], Api]
) -> None:
    officer, unknown = api("officer"), str(uuid4())
    assert given_up(officer, seen[0].upper(), taken=taken).get_json() == {"status": "noted", "recorded": True}
    assert given_up(officer, unknown, taken=taken).get_json() == {"status": "noted", "recorded": False}
    assert [(entity, values["recorded"]) for entity, _, _, values in noted(app, "command")] == [
        (seen[0], True),
        (unknown, False),
    ]


def test_giving_up_is_noted_once_however_often_it_is_sent(app: App, api: Callable[[str], Api]) -> None:
    officer, command = api("officer"), str(uuid4())
    assert [given_up(officer, command, reason=f"again {n}").status_code for n in range(5)] == [200] * 5
    assert [values["reason"] for _, _, _, values in noted(app, "command")] == ["again 0"]


def test_what_was_given_up_is_not_recorded_when_it_comes_after_all(
    app: App, seen: Seen, api: Callable[[str], Api], clock: Clock
) -> None:
    officer, command, (_, code) = api("officer"), str(uuid4()), seen
    given_up(officer, command, code=code)
    new = {"id": command, "n": 2, "kind": "sighting", "code": code, "occurred_at": clock.now.isoformat(), "data": {}}
    batch = {"sent_at": clock.now.isoformat(), "commands": [new]}
    (answer,) = officer.post("/commands", batch).get_json()["results"]
    assert (answer["status"], answer["code"]) == ("refused", "given_up")
    with app.reading() as session:
        assert session.get(AssetEvent, command) is None
    given_up(officer, seen[0])  # Too late: the journal says that it was recorded.
    again = {**new, "id": seen[0], "n": 1}
    (answer,) = officer.post("/commands", {**batch, "commands": [again]}).get_json()["results"]
    assert answer["status"] == "repeated"


@pytest.mark.parametrize("login", ["donor", "approver", "auditor"])
def test_who_may_record_nothing_any_more_still_gives_up_what_his_phone_holds(
    app: App, api: Callable[[str], Api], login: str
) -> None:
    assert given_up(api(login), str(uuid4())).status_code == 200
    assert [action for _, action, _, _ in noted(app, "command")] == ["given_up"]


@ON_ONE_ENGINE
def test_giving_up_made_up_ids_fills_the_journal_to_a_bound(
    app: App, world: World, api: Callable[[str], Api], clock: Clock
) -> None:
    actor = world.actors["officer"]
    with app.transaction(actor, clock.now) as session:
        for _ in range(MAX_A_DAY - 1):
            command = GivenUpCommand(str(uuid4()), "sighting", "ABCDEFGHJK", clock.now, {}, taken=False, reason="x")
            note_given_up(session, actor, command, clock.now)
    officer, last = api("officer"), str(uuid4())
    assert given_up(officer, last).status_code == 200
    refused = given_up(officer, str(uuid4()))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "too_many_given_up")
    assert given_up(officer, last).status_code == 200, "what is noted already is answered as before"
    assert given_up(api("officer2"), str(uuid4())).status_code == 200, "it is each account's own bound"
    assert len(noted(app, "command")) == MAX_A_DAY + 1
    clock.advance(timedelta(days=1, seconds=1))
    assert given_up(officer, str(uuid4())).status_code == 200


@pytest.mark.parametrize("login", ["logistics_officer", "coordinator", "commander"])
def test_nobody_gives_up_what_somebody_else_recorded(
    app: App, seen: Seen, api: Callable[[str], Api], login: str
) -> None:
    assert given_up(api(login), seen[0]).status_code == 404
    assert given_up(api(login), "not-an-id").status_code == 400
    assert noted(app, "command") == []


@pytest.mark.parametrize("address", ["/commands", "/commands/{id}/photos", "/commands/{id}/given-up"])
def test_queue_of_one_account_is_not_taken_from_another(
    address: str, app: App, seen: Seen, api: Callable[[str], Api], clock: Clock
) -> None:
    officer, (command, code) = api("officer"), seen
    new = {"id": str(uuid4()), "n": 2, "kind": "sighting", "code": code, "occurred_at": clock.now.isoformat()}
    content: dict[str, dict[str, Any]] = {
        "/commands": {"json": {"sent_at": clock.now.isoformat(), "commands": [new]}},
        "/commands/{id}/photos": {"data": {"photo": (BytesIO(picture()), "IMG_1.jpg")}},
        "/commands/{id}/given-up": {"json": {"kind": "fault", "code": code, "occurred_at": clock.now.isoformat(),
                                             "data": {}, "reason": "x"}},
    }  # fmt: skip
    headers = {**officer.headers, "X-Account": "logistics_officer"}
    path = "/api/v1" + address.format(id=command)
    answer = officer.client.post(path, headers=headers, **content[address])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "sign_in_required")
    assert (kept(app), noted(app, "command")) == ([], [])
    with app.reading() as session:
        assert session.get(AssetEvent, new["id"]) is None


def test_queue_of_the_account_that_is_signed_in_is_taken(app: App, seen: Seen, api: Callable[[str], Api]) -> None:
    officer = api("officer")
    officer.headers["X-Account"] = "officer"
    assert send(officer, seen[0], picture()).status_code == 201
    assert given_up(officer, str(uuid4())).status_code == 200


def test_what_is_given_up_stands_whole_in_the_journal(app: App, api: Callable[[str], Api], clock: Clock) -> None:
    officer, command = api("officer"), str(uuid4())
    body = {
        "kind": "fault",
        "code": "ABCDEFGHJK",
        "occurred_at": clock.now.isoformat(),
        "data": {"text": "<b>cord</b>"},
    }
    assert officer.post(f"/commands/{command}/given-up", {**body, "reason": " "}).status_code == 400
    assert (
        officer.post(f"/commands/{command}/given-up", {**body, "reason": "x", "data": {"a": "b" * 30_000}}).status_code
        == 400
    )
    assert noted(app, "command") == []
    assert officer.post(f"/commands/{command}/given-up", {**body, "reason": "wrong item"}).status_code == 200
    [(entity, action, _, values)] = noted(app, "command")
    assert (entity, action) == (command, "given_up")
    assert (values["reason"], values["data"]) == ("wrong item", {"text": "<b>cord</b>"})
