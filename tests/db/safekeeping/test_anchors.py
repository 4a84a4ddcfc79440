"""Attacks 51 to 54 and fault F20: a history that was changed, cut, exchanged or put back is noticed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text

from assets.calibration import service as calibration
from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.core import anchor
from assets.core.errors import DomainError
from assets.core.journal import Head, JournalEntry
from assets.core.outbox import OutboxMail
from assets.labels.token import new_code
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass
from assets.settings import SettingsError
from tests.db.safekeeping.conftest import PERSON, House
from tests.support.world import SETUP


def _cut(house: House, rows: int) -> None:
    with closing(house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        statement = text("DELETE FROM journal_entry WHERE seq > (SELECT max(seq) - :rows FROM journal_entry)")
        connection.execute(statement, {"rows": rows})


def _anchored(house: House) -> None:
    with closing(house.opened()) as app:
        anchor.anchor(app)


def _calibrated(house: House) -> None:
    """A radiation detector with a certificate."""
    now = house.clock.now
    with closing(house.opened()) as app, app.transaction(SETUP) as session:
        asset = Asset(
            code=new_code(), life="in_service", registered_at=now, condition="A", condition_at=now,
            equipment_class=session.scalars(select(EquipmentClass).where(EquipmentClass.code == "radiation.prd")).one(),
            unit=session.scalars(select(Unit).where(Unit.code == "IMT-TK")).one(),
        )  # fmt: skip
        session.add(asset)
        session.flush()
        calibration.adopt_default_plans(session, SETUP, asset, now)
        plan = session.scalars(select(CalibrationPlan)).first()
        session.add(
            CalibrationRecord(
                asset=asset, plan=plan, kind="calibration", performed_at=now, recorded_at=now,
                decision_rule="simple", result="pass", valid_until=date(2027, 5, 1), meter_value=Decimal("12.5"),
            )
        )  # fmt: skip


@pytest.fixture
def outside(house: House, tmp_path: Path) -> Path:
    """A second file of anchors, on what stands for another disk."""
    (tmp_path / "disk").mkdir()
    path = tmp_path / "disk" / "anchors.jsonl"
    house.settings = dataclasses.replace(house.settings, anchor_file=str(path), anchor_mail="chief@example.org")
    return path


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE calibration_record SET valid_until = '2031-01-01'",
            "valid_until of calibration_record 1",
        ),
        ("UPDATE organisation SET name = 'Another' WHERE code = 'MIA'", "name of organisation"),
        ("DELETE FROM calibration_record", "calibration_record 1, of entry"),
        (
            "INSERT INTO organisation (code, kind, name, active) VALUES ('X', 'agency', 'X', true)",
            "1 rows of organisation",
        ),
    ],
)
def test_attack_51_row_changed_removed_or_added_by_hand_is_named_with_its_entry(
    house: House, statement: str, said: str
) -> None:
    _calibrated(house)
    with closing(house.opened()) as app:
        assert anchor.verify(app, rows=True).ok
        with app.main.engine.execution_options(writer=True).begin() as connection:
            connection.execute(text(statement))
        assert anchor.verify(app).ok, "the chain alone cannot tell"
        verdict = anchor.verify(app, rows=True)
        assert not verdict.ok
        assert said in verdict.text


def test_attack_52_last_50_entries_deleted_are_noticed_by_the_anchor_outside_though_the_own_one_was_cut_too(
    house: House, outside: Path
) -> None:
    _anchored(house)
    _cut(house, 50)
    (house.settings.data_dir / anchor.NAME).unlink()
    with closing(house.opened()) as app:
        verdict = anchor.verify(app)
        assert not verdict.ok
        assert "removed or exchanged" in verdict.text
        with pytest.raises(SettingsError, match=str(outside)):
            anchor.refuse_older(app)


def test_attack_52_mailed_anchor_tells_it_when_every_file_is_gone(house: House, outside: Path) -> None:
    _anchored(house)
    with closing(house.opened()) as app, app.reading() as session:
        mail = session.scalars(select(OutboxMail)).one()
    assert mail.recipient == "chief@example.org"
    told = anchor.parse_anchor(mail.body.split("--anchor ")[1])
    with closing(house.opened()) as app:
        assert anchor.verify(app, also=[told]).ok
    _cut(house, 3)
    outside.unlink()
    (house.settings.data_dir / anchor.NAME).unlink()
    with closing(house.opened()) as app:
        assert anchor.verify(app).ok, "without any anchor nobody can tell"
        assert not anchor.verify(app, also=[told]).ok


def test_attack_54_old_database_put_in_place_silently_stops_the_start_until_it_is_accepted_in_writing(
    sqlite_house: House, tmp_path: Path
) -> None:
    data_dir = sqlite_house.settings.data_dir
    shutil.copy(data_dir / "assets.db", tmp_path / "old.db")
    sqlite_house.change("LATER")
    _anchored(sqlite_house)
    shutil.copy(tmp_path / "old.db", data_dir / "assets.db")
    with closing(sqlite_house.opened()) as app:
        with pytest.raises(SettingsError, match="accept-older"):
            anchor.refuse_older(app)
        with pytest.raises(DomainError):
            anchor.accept_older(app, PERSON, "  ")
        said = anchor.accept_older(app, PERSON, "the newer copy is lost")
        assert "accepted" in said
        anchor.refuse_older(app)
        verdict = anchor.verify(app)
        assert verdict.ok
        assert "the newer copy is lost" in verdict.text
        with app.reading() as session:
            newest = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc()).limit(1)).one()
        assert json.loads(newest.body)["by"] == {"system": PERSON.name}
        with pytest.raises(DomainError):
            anchor.accept_older(app, PERSON, "once more")


def test_history_written_anew_with_a_whole_chain_is_noticed(house: House, outside: Path) -> None:
    """F20: who can write the database can compute each hash; what stands outside still differs."""
    from assets.core.journal import GENESIS, entry_hash

    _anchored(house)
    with closing(house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        rows = connection.execute(text("SELECT seq, body FROM journal_entry ORDER BY seq")).all()
        previous = GENESIS
        for seq, body in rows:
            body = body.replace("UZ-TK", "UZ-XX")
            hash_ = entry_hash(previous, body)
            connection.execute(
                text("UPDATE journal_entry SET body = :b, previous_hash = :p, hash = :h WHERE seq = :s"),
                {"b": body, "p": previous, "h": hash_, "s": seq},
            )
            previous = hash_
    with closing(house.opened()) as app:
        assert not anchor.verify(app).ok
        with pytest.raises(SettingsError, match="is not the one anchored"):
            anchor.refuse_older(app)


def test_every_anchor_counts_not_only_the_last(house: House, outside: Path) -> None:
    _anchored(house)
    house.change("A")
    _anchored(house)
    lines = outside.read_text().splitlines()
    assert len(lines) == 2
    first = json.loads(lines[0])
    outside.write_text("\n".join([json.dumps({**first, "hash": "0" * 64}), lines[1]]) + "\n")
    with closing(house.opened()) as app:
        assert f"anchored entry {first['seq']}" in anchor.verify(app).text
        assert not anchor.verify(app).ok


def test_damaged_anchor_file_is_named_but_a_last_line_cut_by_a_power_loss_is_none(house: House, outside: Path) -> None:
    _anchored(house)
    house.change("A")
    _anchored(house)
    lines = outside.read_text().splitlines()
    outside.write_text("\n".join([*lines, lines[-1][:20]]))
    with closing(house.opened()) as app:
        assert anchor.verify(app).ok
    outside.write_text("\n".join([lines[0][:20], lines[1]]))
    with closing(house.opened()) as app:
        assert f"line 1 of {outside}" in anchor.verify(app).text


def test_anchor_file_that_cannot_be_written_is_named_and_the_other_is_written(house: House, outside: Path) -> None:
    outside.parent.rmdir()
    with closing(house.opened()) as app:
        with pytest.raises(OSError, match=str(outside)):
            anchor.anchor(app)
        assert anchor.last_anchor(app) is not None


def test_backup_anchors_the_journal(house: House, outside: Path) -> None:
    made = house.backed_up()
    assert anchor.kept(outside).newest is not None
    assert anchor.kept(outside).newest.seq == made.journal_seq  # type: ignore[union-attr]  # asserted above


@pytest.mark.parametrize("text_given", ["", "5", "x:" + "0" * 64, "5:abc", "٣:" + "0" * 64 + "1"])
def test_anchor_that_is_none_is_refused(text_given: str) -> None:
    with pytest.raises(DomainError):
        anchor.parse_anchor(text_given)
    assert anchor.parse_anchor(f" 5:{'A' * 64} ") == Head(5, "a" * 64)
