"""The full export for who may read everything: what it holds, and the ZIP itself."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from flask import Blueprint, Response, render_template

from assets.core.clock import local_date
from assets.exchange.whole import export_whole, may_export_whole
from assets.people.rules import Permission
from assets.web.auth import needs
from assets.web.context import actor, now, the_app

pages = Blueprint("whole_export", __name__)
CHUNK = 256 * 1024


@pages.get("/export")
@needs(Permission.JOURNAL_READ)
def about() -> Any:
    """What the full export is, and the button that makes it."""
    return render_template("documents/whole.html", may_export=may_export_whole(actor()))


@pages.post("/export")
@needs(Permission.JOURNAL_READ)
def whole() -> Response:
    """Make the ZIP on the disk and send it; the file has no name there, so that nothing of it stays behind."""
    app = the_app()
    # Not a `with`: it is closed once the last piece was sent.
    target = TemporaryFile(dir=app.settings.data_dir)  # noqa: SIM115  # see above
    try:
        export_whole(app, actor(), target, now())
    except BaseException:
        target.close()
        raise
    size = target.tell()
    target.seek(0)
    name = f"assets-{local_date(now(), app.settings.zone).isoformat()}.zip"
    response = Response(_pieces(target), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(size)
    response.call_on_close(target.close)
    return response


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(CHUNK):
        yield piece
