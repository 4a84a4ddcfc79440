"""Papers over HTTP: hostile files, how files are sent, scope for each kind of thing, pages without a script."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from assets.core import files
from assets.core.app import App
from assets.documents.rules import SubjectName
from assets.documents.subjects import SUBJECTS
from assets.people.rules import POLICY, Role
from assets.registry.models import Asset
from tests.support.papers import HIDDEN, PDF, picture, png_claiming, put_subjects, telling_jpeg, zip_bomb
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Places = dict[SubjectName, int]


@pytest.fixture
def here(app: App, world: World, clock: Clock) -> Places:
    with app.transaction(SETUP, clock.now) as session:
        return put_subjects(session, world, clock.now)


@pytest.fixture
def elsewhere(app: App, world: World, clock: Clock) -> Places:
    with app.transaction(SETUP, clock.now) as session:
        return put_subjects(session, world, clock.now, "IMT-FA")


def send(program: Api, subject: str, content: bytes = PDF, name: str = "act.pdf", **fields: Any) -> Any:
    """A new document over the API."""
    form = {"subject": subject, "kind": "act", **fields, "file": (BytesIO(content), name)}
    return program.client.post("/api/v1/documents", data=form, headers=program.headers)


def asset_of(places: Places) -> str:
    return f"asset:{places[SubjectName.ASSET]}"


def stored(app: App) -> dict[str, bytes]:
    folder = files.folder_in(app.settings.data_dir)
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_document_is_kept_listed_read_and_renewed_over_the_api(here: Places, api: Callable[[str], Api]) -> None:
    keeper = api("logistics_officer")
    made = send(keeper, asset_of(here), title="2026", note="first scan")
    assert made.status_code == 201, made.get_json()
    body = made.get_json()
    assert (body["title"], body["version"]["number"], body["version"]["note"]) == ("2026", 1, "first scan")
    listed = keeper.get("/documents", subject=asset_of(here)).get_json()
    assert [item["id"] for item in listed["items"]] == [body["id"]]
    newer = {"note": "with stamp", "file": (BytesIO(picture("WEBP")), "x.html")}
    renewed = keeper.client.post(f"/api/v1/documents/{body['id']}/versions", data=newer, headers=keeper.headers)
    assert (renewed.status_code, [v["number"] for v in renewed.get_json()["versions"]]) == (201, [2, 1])
    assert keeper.get(f"/documents/{body['id']}/content", version=1).data == PDF
    assert keeper.get(f"/documents/{body['id']}/content").content_type == "image/webp"


def test_nothing_is_deleted_only_taken_off_with_a_reason(here: Places, api: Callable[[str], Api]) -> None:
    keeper, officer = api("logistics_officer"), api("officer")
    document_id = send(keeper, asset_of(here)).get_json()["id"]
    refused = keeper.client.delete(f"/api/v1/documents/{document_id}", headers=keeper.headers)
    assert refused.status_code == 405
    assert keeper.post(f"/documents/{document_id}/removal", {}).get_json()["errors"][0]["field"] == "reason"
    assert keeper.post(f"/documents/{document_id}/removal", {"reason": "x", "removed_at": "2020"}).status_code == 400
    gone = keeper.post(f"/documents/{document_id}/removal", {"reason": "wrong item"})
    assert gone.get_json()["removal_reason"] == "wrong item"
    assert officer.get("/documents").get_json()["items"] == []
    assert officer.get(f"/documents/{document_id}/content").status_code == 404
    assert officer.get(f"/documents/{document_id}").get_json()["versions"] == []
    back = keeper.post(f"/documents/{document_id}/restoration", {"reason": "it was right"})
    assert (back.status_code, back.get_json()["removed_at"]) == (200, None)
    assert officer.get(f"/documents/{document_id}/content").data == PDF


@pytest.mark.parametrize("name", list(SubjectName))
def test_each_role_reads_and_writes_as_the_thing_says(
    app: App, here: Places, elsewhere: Places, api: Callable[[str], Api], name: SubjectName
) -> None:
    """Everything of a role's own unit as the table says; of another unit nothing, and no file is stored."""
    own, foreign = f"{name}:{here[name]}", f"{name}:{elsewhere[name]}"
    kept = send_as_setup(app, elsewhere, name)
    for role in Role:
        program = api(role.value)
        before = len(stored(app))
        reads = role in POLICY[SUBJECTS[name].read]
        writes = reads and any(role in POLICY[right] for right in SUBJECTS[name].write)
        any_write = any(role in POLICY[right] for kind in SUBJECTS.values() for right in kind.write)
        status = send(program, own, name=f"{role}.pdf", content=PDF + role.value.encode()).status_code
        expected = 201 if writes else 403 if reads or not any_write else 404
        assert (role, status) == (role, expected)
        assert len(stored(app)) == before + (status == 201)
        everywhere = role not in {Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER}
        if everywhere or name in {SubjectName.GRANT, SubjectName.MODEL}:
            continue
        unknown = send(program, f"{name}:999999").get_json()
        assert send(program, foreign).get_json() == unknown
        assert len(stored(app)) == before + (status == 201)
        for path in (f"/documents/{kept}", f"/documents/{kept}/content"):
            assert program.get(path).status_code == 404
        for path in ("removal", "restoration"):
            assert program.post(f"/documents/{kept}/{path}", {"reason": "x"}).status_code == 404


def send_as_setup(app: App, places: Places, name: SubjectName) -> int:
    from assets.documents import service
    from assets.documents.rules import Kind, Upload

    with app.transaction(SETUP, app.clock()) as session:
        draft = service.Draft((name, places[name]), Kind.ACT, "Theirs")
        folder = files.folder_in(app.settings.data_dir)
        return service.add_document(session, SETUP, draft, Upload(PDF), folder, app.clock()).id


def test_who_only_reads_cannot_replace_a_photo(app: App, here: Places, api: Callable[[str], Api]) -> None:
    """Attack 1 (CVE-2026-44314)."""
    document_id = send(api("coordinator"), asset_of(here), picture("JPEG"), "photo.jpg").get_json()["id"]
    before = stored(app)
    for login in ("monitor", "auditor", "approver", "officer", "technician"):
        program = api(login)
        sent = {"file": (BytesIO(picture("JPEG", colour="red")), "photo.jpg")}
        answer = program.client.post(f"/api/v1/documents/{document_id}/versions", data=sent, headers=program.headers)
        assert answer.status_code in ({403, 404} if login == "approver" else {403})
    assert stored(app) == before


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("photo.html", "text/html"),
        ("../../x.svg", "image/svg+xml"),
        ("/etc/cron.d/x", "application/x-sh"),
        ("CON", "a/b"),
    ],
)
def test_neither_name_nor_declared_type_decides_anything(
    app: App, here: Places, api: Callable[[str], Api], name: str, content_type: str
) -> None:
    """Attacks 2 and 3: the type is the content's, the place is the server's."""
    program = api("coordinator")
    form = {
        "subject": asset_of(here),
        "kind": "photo",
        "title": "x",
        "file": (BytesIO(telling_jpeg()), name, content_type),
    }
    made = program.client.post("/api/v1/documents", data=form, headers=program.headers).get_json()
    assert made["version"]["content_type"] == "image/jpeg"
    assert "/" not in made["version"]["uploaded_name"]
    (key,) = stored(app)
    assert len(key) == 32
    assert key.isalnum()


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg", "file_type"),
        (b"<html><script>alert(1)</script>", "photo.jpg", "file_type"),
        (zip_bomb(), "deed.pdf", "file_type"),
        (png_claiming(50_000, 50_000), "bomb.png", "picture_too_large"),
        (b"\xff\xd8\xff<script>alert(1)</script>", "photo.jpg", "picture_broken"),
        (b"", "empty.pdf", "required"),
    ],
    ids=["svg", "html", "zip-bomb", "png-bomb", "half-jpeg", "empty"],
)
def test_hostile_file_is_refused_with_what_is_wrong(
    app: App, here: Places, api: Callable[[str], Api], content: bytes, name: str, code: str
) -> None:
    answer = send(api("coordinator"), asset_of(here), content, name)
    (error,) = answer.get_json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "file", code)
    assert stored(app) == {}


@pytest.mark.parametrize("extra", ["id", "subject_id", "removed_at", "file_key", "account_id", "version"])
def test_nothing_more_can_be_set_with_a_document(here: Places, api: Callable[[str], Api], extra: str) -> None:
    """Attack 8."""
    assert send(api("coordinator"), asset_of(here), PDF, "a.pdf", **{extra: "1"}).status_code == 400


def test_files_are_sent_so_that_they_can_do_nothing(
    here: Places, client_for: Callable[[str], Browser], api: Any
) -> None:
    """Attacks 20 and 28: fixed type, sandbox, no cache; a PDF is only ever saved, a picture may be shown."""
    keeper, browser = api("coordinator"), client_for("officer")
    polyglot = PDF + b"<script>alert(1)</script>" + zip_bomb()
    paper = send(keeper, asset_of(here), polyglot, "x.html", title='a"b\r\nX: y\u202e.html').get_json()["id"]
    photo = send(keeper, asset_of(here), telling_jpeg(), "x.html", title="Фото").get_json()["id"]
    for document_id, kind, how in ((paper, "application/pdf", "attachment"), (photo, "image/jpeg", "inline")):
        answer = browser.get(f"/documents/{document_id}/content")
        assert answer.content_type == kind
        assert answer.headers["Content-Disposition"].startswith(how + ";")
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        saved = browser.get(f"/documents/{document_id}/content?download=1").headers["Content-Disposition"]
        assert saved.startswith("attachment;")
        assert saved.endswith(".pdf" if document_id == paper else ".jpg")
    assert not [word for word in HIDDEN if word.encode() in browser.get(f"/documents/{photo}/content").data]


PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x"\r\n\r\n'


def multipart(browser: Browser, body: bytes) -> Any:
    """A raw multipart form."""
    headers = {"X-CSRFToken": browser.token(), "Content-Type": "multipart/form-data; boundary=b"}
    return browser.client.post("/documents", data=body + b"\r\n--b--\r\n", headers=headers)


# werkzeug leaves the parts that it read until then to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hundred_thousand_parts_are_refused_at_once(here: Places, client_for: Callable[[str], Browser]) -> None:
    """Attack 27 (CVE-2023-25577)."""
    browser = client_for("coordinator")
    started = time.monotonic()
    answer = multipart(browser, (PART + b"\r\n") * 100_000)
    assert answer.status_code in {400, 413}
    assert time.monotonic() - started < 5
    gc.collect()


def test_more_than_is_taken_is_refused(here: Places, client_for: Callable[[str], Browser], app: App) -> None:
    browser = client_for("coordinator")
    assert multipart(browser, PART + PDF + bytes(26 * 1024 * 1024)).status_code == 413
    assert stored(app) == {}


def test_form_without_a_script_keeps_all_files_or_none(
    app: App, here: Places, client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("logistics_officer")
    both = [(BytesIO(PDF), "deed.pdf"), (BytesIO(b"<svg/>"), "evil.svg")]
    refused = browser.post(
        "/documents", {"subject": asset_of(here), "kind": "deed", "title": "Kept words", "files": both}
    )
    page = refused.get_data(as_text=True)
    assert refused.status_code == 400
    assert "evil.svg: Only PDF" in page
    assert 'value="Kept words"' in page
    with app.reading() as session:
        code = session.get_one(Asset, here[SubjectName.ASSET]).code
    assert browser.get(f"/assets/{code}?tab=papers").get_data(as_text=True).count('class="paper"') == 0
    good = [(BytesIO(PDF), "deed.pdf"), (BytesIO(picture()), "photo.png"), (BytesIO(b""), "")]
    kept = browser.post("/documents", {"subject": asset_of(here), "kind": "deed", "files": good})
    assert (kept.status_code, kept.headers["Location"]) == (303, f"/assets/{code}?tab=papers#papers")
    shown = browser.get(f"/assets/{code}?tab=papers").get_data(as_text=True)
    assert shown.count('class="paper"') == 2
    assert ">deed<" in shown
    assert ">photo<" in shown


def test_form_with_its_script_is_answered_file_by_file(here: Places, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    form = {"subject": asset_of(here), "kind": "photo", "csrf_token": browser.token()}
    accept = {"Accept": "application/json"}
    good = browser.client.post("/documents", data={**form, "files": (BytesIO(PDF), "a.pdf")}, headers=accept)
    assert (good.status_code, len(good.get_json()["documents"])) == (200, 1)
    bad = browser.client.post("/documents", data={**form, "files": (BytesIO(b"x"), "a.pdf")}, headers=accept)
    assert (bad.status_code, bad.get_json()["code"]) == (400, "file_type")
    assert "PDF" in bad.get_json()["detail"]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (SubjectName.ASSET, "/assets/{code}?tab=papers"),
        (SubjectName.CALIBRATION, "/calibration/records/{id}"),
        (SubjectName.WORK_ORDER, "/maintenance/orders/{id}"),
        (SubjectName.LOSS, "/losses/{id}"),
        (SubjectName.DISPOSAL, "/disposals/{id}"),
        (SubjectName.FUEL, "/vehicles/fuel/{id}"),
        (SubjectName.VEHICLE_PAPER, "/vehicles/papers/{id}"),
        (SubjectName.ACCIDENT, "/vehicles/accidents/{id}"),
    ],
)
def test_page_of_a_thing_shows_its_papers_and_who_may_adds_some(
    app: App, here: Places, client_for: Callable[[str], Browser], name: SubjectName, address: str
) -> None:
    send_as_setup(app, here, name)
    with app.reading() as session:
        code = session.get_one(Asset, here[SubjectName.ASSET]).code
    for role in ("coordinator", "technician", "auditor"):
        page = client_for(role).get(address.format(code=code, id=here[name])).get_data(as_text=True)
        writes = any(Role(role) in POLICY[right] for right in SUBJECTS[name].write)
        assert "Theirs" in page
        assert ('name="capture"' in page or 'capture="environment"' in page) is writes


def test_page_of_a_paper_changes_it_and_shows_what_happened(
    app: App, here: Places, client_for: Callable[[str], Browser]
) -> None:
    keeper = client_for("logistics_officer")
    document_id = send_as_setup(app, here, SubjectName.ASSET)
    assert keeper.post(f"/documents/{document_id}/versions", {}).status_code == 400
    newer = {"file": (BytesIO(picture()), "scan.png"), "note": "signed"}
    assert keeper.post(f"/documents/{document_id}/versions", newer).status_code == 303
    page = keeper.get(f"/documents/{document_id}").get_data(as_text=True)
    assert f'<img class="paper-picture" src="/documents/{document_id}/content?version=2"' in page
    assert "signed" in page
    assert keeper.post(f"/documents/{document_id}/removal", {"reason": ""}).status_code == 400
    assert keeper.post(f"/documents/{document_id}/removal", {"reason": "<b>wrong</b>"}).status_code == 303
    page = keeper.get(f"/documents/{document_id}").get_data(as_text=True)
    assert "&lt;b&gt;wrong&lt;/b&gt;" in page
    assert f'action="/documents/{document_id}/restoration"' in page
    officer = client_for("officer").get(f"/documents/{document_id}").get_data(as_text=True)
    assert "paper-picture" not in officer
    assert "restoration" not in officer
    assert keeper.post(f"/documents/{document_id}/restoration", {}).status_code == 303


def test_list_is_filtered_by_its_address_saved_and_cheap(
    app: App, here: Places, elsewhere: Places, client_for: Callable[[str], Browser], queries: Any
) -> None:
    for name in SubjectName:
        for places in (here, elsewhere):
            send_as_setup(app, places, name)
    browser = client_for("commander")
    with queries() as seen:
        page = browser.get("/documents?limit=500").get_data(as_text=True)
    assert len(seen) <= 10
    assert page.count("data-href") == len(SubjectName) + 2  # grants and models of the other unit's batch
    assert browser.get("/documents?kind=deed").get_data(as_text=True).count("data-href") == 0
    table = browser.get("/documents.csv?subject_kind=asset").get_data(as_text=True)
    assert len(table.strip().splitlines()) == 2
    assert browser.get(f"/documents?subject={asset_of(elsewhere)}").status_code == 404
    for wrong in ("kind=x", "subject=x", "subject_kind=x", "cursor=x", "limit=0"):
        assert browser.get(f"/documents?{wrong}").status_code == 400


def test_title_is_a_word_in_a_table_and_never_a_formula(
    here: Places, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    """Attack 18."""
    send(api("coordinator"), asset_of(here), title="=cmd|' /C calc'!A0")
    table = client_for("coordinator").get("/documents.csv").get_data(as_text=True)
    assert "'=cmd" in table
    assert ",=cmd" not in table


def test_photo_of_twelve_megapixels_is_taken(here: Places, api: Callable[[str], Api]) -> None:
    target = BytesIO()
    Image.linear_gradient("L").resize((4000, 3000)).convert("RGB").save(target, "JPEG", quality=60)
    made = send(api("coordinator"), asset_of(here), target.getvalue(), "IMG_0001.JPG", kind="photo")
    assert made.status_code == 201
    assert made.get_json()["title"] == "IMG_0001"
