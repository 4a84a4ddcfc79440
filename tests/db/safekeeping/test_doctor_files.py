"""The doctor on stored files: what is missing is named with its row, what belongs to nothing only when it stays."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import event

from assets.core import files
from assets.documents.models import DocumentVersion
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.service import Draft, add_document
from assets.people.service import add_organisation
from assets.registry.models import Grant
from assets.safekeeping.doctor import Finding, Level, Site, examine_database
from tests.support.papers import PDF
from tests.support.world import SETUP, START

KEY = "0123456789abcdef" * 2


@pytest.fixture
def version(site: Site) -> DocumentVersion:
    """A paper of a grant."""
    folder = files.folder_in(site.settings.data_dir)
    with site.opened.transaction(SETUP, START) as session:
        donor = add_organisation(session, SETUP, code="JPN", kind="donor", name="Japan")
        grant = Grant(code="G-1", title="Help", donor=donor)
        session.add(grant)
        session.flush()
        draft = Draft((SubjectName.GRANT, grant.id), Kind.ACT, "Act")
        made = add_document(session, SETUP, draft, Upload(PDF), folder, START)
        return made.versions[0]


def about_files(site: Site) -> list[Finding]:
    return [finding for finding in examine_database(site) if finding.name == "files"]


def test_every_file_in_its_place_is_well(site: Site, version: DocumentVersion) -> None:
    (finding,) = about_files(site)
    assert (finding.level, str(finding.text)) == (Level.WELL, "1, none missing")


def test_missing_file_is_named_with_its_row_and_where_to_get_it(site: Site, version: DocumentVersion) -> None:
    folder = files.folder_in(site.settings.data_dir)
    (folder / version.file_key).unlink()
    (finding,) = about_files(site)
    assert finding.level is Level.MEND
    for words in (f"document_version {version.id}: {version.file_key}", "assets restore", str(folder)):
        assert words in str(finding.text)


def test_of_a_whole_folder_that_is_gone_only_the_first_are_named(site: Site, version: DocumentVersion) -> None:
    folder = files.folder_in(site.settings.data_dir)
    with site.opened.transaction(SETUP, START) as session:
        grant = session.query(Grant).one()
        for number in range(9):
            draft = Draft((SubjectName.GRANT, grant.id), Kind.ACT, f"Act {number}")
            add_document(session, SETUP, draft, Upload(PDF + b"%%%d" % number), folder, START)
    for path in folder.iterdir():
        path.unlink()

    def few_values(connection: sqlite3.Connection, _record: object) -> None:
        # A register may name more files than a statement can carry values.
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 8)

    event.listen(site.opened.main.engine, "connect", few_values)
    site.opened.main.engine.dispose()
    (finding,) = about_files(site)
    assert str(finding.text).startswith("10 are named and not there (")
    assert str(finding.text).count("document_version") == 3
    assert " …)" in str(finding.text)


def test_what_belongs_to_nothing_is_worth_a_look_only_when_the_sweep_should_have_taken_it(
    site: Site, version: DocumentVersion
) -> None:
    left = files.folder_in(site.settings.data_dir) / KEY
    left.write_bytes(b"%PDF-")
    os.utime(left, (START.timestamp(), START.timestamp()))
    (finding,) = about_files(site)
    assert finding.level is Level.WELL
    assert "1 left over" in str(finding.text)
    later = dataclasses.replace(site, now=START + timedelta(days=8, hours=1))
    (finding,) = about_files(later)
    assert finding.level is Level.LOOK
    assert "assets job run file_sweep" in str(finding.text)
    assert left.exists(), "the doctor changes nothing"


def test_both_are_said_at_once(site: Site, version: DocumentVersion) -> None:
    folder = files.folder_in(site.settings.data_dir)
    (folder / version.file_key).rename(folder / KEY)
    os.utime(folder / KEY, (START.timestamp(), START.timestamp()))
    found = about_files(dataclasses.replace(site, now=START + timedelta(days=30)))
    assert [finding.level for finding in found] == [Level.MEND, Level.LOOK]
