"""Writes the ZIP of the full export: tables, files, what it is, and the SHA-256 of everything in it."""

from __future__ import annotations

import errno
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationCertificate, CalibrationRecord
from assets.core import files, journal
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, NotAllowed, NotFound
from assets.core.files.kinds import EXTENSIONS
from assets.core.files.names import file_name
from assets.core.i18n import msg
from assets.documents.models import Document, DocumentVersion
from assets.documents.queries import every_version
from assets.documents.rules import SubjectName
from assets.documents.subjects import subjects_called
from assets.exchange.tables import write_csv
from assets.exchange.whole.sheets import REGISTER, Sheet
from assets.exchange.whole.work_sheets import WORK
from assets.operations.models import Operation
from assets.operations.queries import known_to
from assets.operations.rules.masking import Masking
from assets.people.models import Person
from assets.people.rules import Permission, reach
from assets.registry.models import Asset
from assets.registry.scope import assets_for

SHEETS: tuple[Sheet, ...] = (*REGISTER, *WORK)
EXPORTERS = Permission.JOURNAL_READ
PIECE = 500
CHUNK = 256 * 1024
_one_at_a_time = Lock()
# Subjects that several may share the code of: their own number stands behind it.
_NUMBERED = frozenset({SubjectName.MODEL, SubjectName.CALIBRATION, SubjectName.LOSS, SubjectName.DISPOSAL})
DOCUMENT_COLUMNS = (
    "document", "subject_kind", "subject", "kind", "title", "version", "path", "content_type", "bytes", "sha256",
    "uploaded_name", "note", "added_at", "added_by", "taken_off_at", "taken_off_because",
)  # fmt: skip
CERTIFICATE_COLUMNS = ("asset", "calibration", "path", "content_type", "bytes", "sha256", "added_at")
README = """\
Everything that the register held at {moment}, as far as it may be seen by who took it out.

tables/       One CSV table for each thing: UTF-8, commas, times in UTC. Where a spreadsheet would run a text as a
              formula, an apostrophe stands before it. Persons stand there by their number.
files/        Papers and pictures as they are kept, every version, by what they belong to.
SHA256SUMS    What each file in here must hash to: sha256sum --check SHA256SUMS
export.json   How many rows each table has, what was left out, which files were missing or damaged.

Not in it: positions and tracks, passwords and tokens, the journal. A backup holds these.
"""


@dataclass
class Whole:
    """What an export holds: rows by table, files, tables left out for want of a right, files not right."""

    tables: dict[str, int] = field(default_factory=dict)
    files: int = 0
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def may_export_whole(actor: Actor) -> bool:
    """Whether `actor` may take everything out: who reads the whole journal."""
    return reach(actor, EXPORTERS).everything


def export_whole(app: App, actor: Actor, target: BinaryIO, now: datetime) -> Whole:
    """Write the ZIP to `target`, a file on the disk, note it in the journal, and say what it holds.

    `NotAllowed` for who does not read the whole journal, `Conflict` while another is being made here, `NoSpace`.
    """
    if not may_export_whole(actor):
        raise NotAllowed
    if not _one_at_a_time.acquire(blocking=False):
        raise Conflict(msg("Another full export is being made. Try again when it is done."), code="export_running")
    try:
        # Read without a transaction that writes: other writers would wait for as long as this takes.
        with app.reading() as session:
            whole = write_whole(session, actor, files.folder_in(app.settings.data_dir), target, now)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise files.NoSpace(msg("There is no room left on the disk for the export.")) from error
    finally:
        _one_at_a_time.release()
    with app.transaction(actor, now) as session:
        facts = {"tables": whole.tables, "files": whole.files, "left_out": whole.left_out}
        journal.note(session, "export", "whole", "exported", **facts)
    return whole


def write_whole(session: Session, actor: Actor, folder: Path, target: BinaryIO, now: datetime) -> Whole:
    """Write the ZIP and say what it holds; `folder` is where stored files lie.

    Tables that the actor may not read everywhere are left out and named. A file that is missing, or is not what was
    stored, is named as well and does not stop the rest.
    """
    if session.get_bind().dialect.name == "postgresql":
        # One moment for all tables; SQLite reads one moment in any case.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        writing = _Writing(session, actor, folder, archive, now)
        writing.tables()
        writing.documents()
        writing.certificates()
        writing.closing()
    return writing.whole


class _Writing:
    """One export in the making: the archive, the hashes so far, and the paths already given."""

    def __init__(self, session: Session, actor: Actor, folder: Path, archive: zipfile.ZipFile, now: datetime) -> None:
        self._session, self._actor, self._folder, self._archive, self._now = session, actor, folder, archive, now
        self._sums: list[tuple[str, str]] = []
        self._given: set[str] = set()
        self.whole = Whole()

    def tables(self) -> None:
        """Each table for which the actor holds the right everywhere."""
        numbers = {row.id: row.number for row in self._session.execute(select(Person.id, Person.number))}
        hidden = Masking(self._session.scalars(select(Operation.code).where(~known_to(self._actor))).all())
        for sheet in SHEETS:
            if not reach(self._actor, sheet.permission).everything:
                self.whole.left_out.append(sheet.name)
                continue
            rows = self._session.execute(sheet.statement(self._actor).execution_options(yield_per=PIECE))
            self._table(sheet.name, list(rows.keys()), (_said(row, numbers, hidden) for row in rows))

    def documents(self) -> None:
        """Every version of every document, and the table that names them."""
        self._table("documents", DOCUMENT_COLUMNS, self._document_rows())

    def certificates(self) -> None:
        """The certificates that are kept with calibration records, and the table that names them."""
        if not reach(self._actor, Permission.CALIBRATION_READ).everything:
            self.whole.left_out.append("certificates")
            return
        self._table("certificates", CERTIFICATE_COLUMNS, self._certificate_rows())

    def closing(self) -> None:
        """What it is, what it holds, and what everything must hash to."""
        moment = self._now.isoformat(timespec="seconds")
        self._put("README.txt", [README.format(moment=moment).encode()])
        facts = {"taken_at": moment, **asdict(self.whole)}
        self._put("export.json", [json.dumps(facts, indent=1).encode()])
        self._put("SHA256SUMS", ["".join(f"{digest}  {path}\n" for digest, path in self._sums).encode()])

    def _table(self, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table of the archive. Set aside first: while its rows are made, their files go into the archive."""
        count = 0

        def counted() -> Iterator[Sequence[object]]:
            nonlocal count
            for row in rows:
                count += 1
                yield row

        with TemporaryFile(dir=self._folder.parent) as aside:
            for piece in write_csv(heads, counted()):
                aside.write(piece)
            aside.seek(0)
            self._put(f"tables/{name}.csv", iter(lambda: aside.read(CHUNK), b""))
        self.whole.tables[name] = count

    def _put(self, path: str, pieces: Iterable[bytes], *, packed: bool = True) -> str:
        """Write one file of the archive and give its SHA-256."""
        digest, entry = hashlib.sha256(), zipfile.ZipInfo(path, self._now.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with self._archive.open(entry, "w", force_zip64=True) as target:
            for piece in pieces:
                digest.update(piece)
                target.write(piece)
        self._sums.append((digest.hexdigest(), path))
        return digest.hexdigest()

    def _document_rows(self) -> Iterator[tuple[object, ...]]:
        for found in _in_pieces(every_version(self._session, self._actor)):
            names = subjects_called(self._session, {(d.subject_kind, d.subject_id) for d, _ in found})
            for document, version in found:
                subject = _subject(document, names.get((document.subject_kind, document.subject_id), ("", ""))[0])
                stem = (
                    f"files/{document.subject_kind}/{subject}/{file_name(document.title, 'document')}-v{version.number}"
                )
                path = self._file(version.file_key, version.sha256, self._free(stem, version.content_type))
                yield (
                    document.id, document.subject_kind, subject, document.kind, document.title, version.number, path,
                    version.content_type, version.size, version.sha256, version.uploaded_name, version.note,
                    version.added_at, version.actor_name, document.removed_at, document.removal_reason,
                )  # fmt: skip

    def _certificate_rows(self) -> Iterator[tuple[object, ...]]:
        rows = self._session.execute(
            select(Asset.code, CalibrationCertificate)
            .join(CalibrationRecord, CalibrationRecord.id == CalibrationCertificate.record_id)
            .join(Asset, Asset.id == CalibrationRecord.asset_id)
            .where(assets_for(self._actor, Permission.CALIBRATION_READ))
            .order_by(CalibrationCertificate.id)
            .execution_options(yield_per=PIECE)
        )
        for code, kept in rows:
            stem = f"files/calibration/{code}-{kept.record_id}/certificate-{kept.id}"
            path = self._file(kept.file_key, kept.sha256, self._free(stem, kept.content_type))
            yield (code, kept.record_id, path, kept.content_type, kept.size, kept.sha256, kept.added_at)

    def _file(self, key: str, sha256: str, path: str) -> str:
        """Put a stored file into the archive; '' when it is not there."""
        try:
            pieces = files.pieces_of(self._folder, key)
        except NotFound:
            self.whole.missing.append(path)
            return ""
        # They are packed already: packing them again costs time and saves nothing.
        if self._put(path, pieces, packed=False) != sha256:
            self.whole.damaged.append(path)
        self.whole.files += 1
        return path

    def _free(self, stem: str, content_type: str) -> str:
        """A path that no file has yet, also where capitals do not count."""
        ending = EXTENSIONS.get(content_type, "bin")
        path, n = f"{stem}.{ending}", 1
        while path.casefold() in self._given:
            n += 1
            path = f"{stem} ({n}).{ending}"
        self._given.add(path.casefold())
        return path


def _subject(document: Document, code: str) -> str:
    """The folder of what a document belongs to: its code, with its number where several may share the code."""
    name = SubjectName(document.subject_kind)
    if name is SubjectName.WORK_ORDER:
        # As `WorkOrder.number` says it.
        return f"W-{document.subject_id:06d}"
    numbered = f"{code}-{document.subject_id}" if name in _NUMBERED else code
    return file_name(numbered, str(document.subject_id))


def _in_pieces(found: Iterable[tuple[Document, DocumentVersion]]) -> Iterator[list[tuple[Document, DocumentVersion]]]:
    waiting = iter(found)
    while piece := list(islice(waiting, PIECE)):
        yield piece


def _said(row: Sequence[object], numbers: Mapping[int, str], hidden: Masking) -> list[object]:
    return [_details(value, numbers, hidden) if isinstance(value, dict) else value for value in row]


def _details(data: Mapping[str, object], numbers: Mapping[int, str], hidden: Masking) -> str:
    """The data of an event, with persons by number and without operations that the reader may not know of."""
    shown: dict[str, object] = {}
    for key, value in hidden.masked(data).items():
        if key.endswith("person_id") and isinstance(value, int):
            key, value = key.removesuffix("_id"), numbers.get(value)
        shown[key] = value
    return json.dumps(shown, ensure_ascii=False, sort_keys=True) if shown else ""
