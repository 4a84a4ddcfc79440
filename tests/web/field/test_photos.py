"""Photos of the field: what is no sane picture is refused at every door, and nothing of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO

from assets.core import files
from assets.core.app import App
from tests.support.commands import command, commanded
from tests.support.engines import ON_ONE_ENGINE
from tests.support.papers import png_claiming
from tests.support.transfers import HERE
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

ApiFor = Callable[[str], Api]
ClientFor = Callable[[str], Browser]
Rows = Callable[[], tuple[int, ...]]


@ON_ONE_ENGINE
def test_nothing_but_a_sane_picture_is_kept_as_a_photo_at_any_door(
    app: App, rows: Rows, make: Callable[..., str], api: ApiFor, client_for: ClientFor, clock: Clock
) -> None:
    code, here, browser = make("vehicle.patrol"), api(HERE), client_for(HERE)
    seen = command("sighting", code, clock.now)
    assert commanded(here, clock.now, seen)[0]["status"] == "accepted"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    before = rows()
    for content in (
        svg,
        b"\xef\xbb\xbf" + svg,
        png_claiming(60_000, 60_000),
        png_claiming(1, 2**31 - 1),
        _many_frames(),
    ):
        started = time.process_time()
        photo = {"photo": (BytesIO(content), "IMG_1.png", "image/png")}
        answer = here.client.post(f"/api/v1/commands/{seen['id']}/photos", data=photo, headers=here.headers)
        assert answer.status_code == 400, content[:40]
        fill = {"at": "2026-11-02T09:00", "litres": "45,5", "is_full": "yes", "receipt": (BytesIO(content), "r.png")}
        assert browser.post(f"/vehicles/{code}/fuel/new", fill).status_code == 400
        told = {
            "at": "2026-11-02T08:00",
            "what": "Hit a post",
            "injured": "no",
            "pictures": (BytesIO(content), "a.png"),
        }
        answer = browser.post(f"/vehicles/{code}/accidents/new", told)
        assert answer.status_code == 400, content[:40]
        assert time.process_time() - started < 10
    assert rows() == before
    folder = files.folder_in(app.settings.data_dir)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def _many_frames() -> bytes:
    """A GIF of many pictures: of a kind that is not taken, whatever its name says."""
    from PIL import Image

    target = BytesIO()
    frames = [Image.new("P", (500, 500), number) for number in range(20)]
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    return target.getvalue()
