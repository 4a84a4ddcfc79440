"""Registering and changing assets: one gate, scope on both units, no duplicate, events for what matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.labels.token import parse_code
from assets.registry.models import Asset, AssetEvent, EquipmentModel, Label
from assets.registry.queries.assets import asset_view, labels_of, meters_of
from assets.registry.queries.timeline import timeline_page
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import asset_by_code
from assets.registry.service.assets import change_asset, register_asset
from assets.registry.service.catalogue import ensure_classes
from assets.registry.service.labels import register_label_blank
from tests.support.world import SETUP, Clock, World

MakeAsset = Callable[..., Asset]
ActorFor = Callable[[str], Actor]


def change(app: App, actor: Actor, asset: Asset, version: int | None = None, **values: object) -> Asset:
    assert isinstance(app.clock, Clock)
    now = app.clock.advance(timedelta(seconds=1))
    with app.transaction(actor, now) as session:
        found = asset_by_code(session, actor, asset.code)
        draft = parse_asset({k.rstrip("_"): v for k, v in values.items()}, partial=True)
        return change_asset(session, actor, found, draft, now, version)


def events(app: App, asset: Asset) -> list[tuple[str, dict[str, object]]]:
    with app.reading() as session:
        found = timeline_page(session, session.get_one(Asset, asset.id)).events
        return [(event.kind, event.data) for event in reversed(found)]


def test_a_new_asset_has_a_label_an_event_and_opening_meters(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset(
        class_="vehicle.offroad", model="Toyota Hilux", odometer_km="12 345,5", engine_h=800, condition="B"
    )
    assert parse_code(asset.code) == asset.code
    with app.reading() as session:
        label = session.get_one(Label, asset.code)
        meters = {meter.kind: meter.value for meter in meters_of(session, [asset.id])[asset.id]}
        assert (label.state, label.asset_id) == ("active", asset.id)
    assert meters == {"odometer_km": Decimal("12345.5"), "engine_h": Decimal(800)}
    assert asset.model is not None
    assert (asset.model.maker, asset.model.name, asset.condition, asset.attractive) == ("Toyota", "Hilux", "B", True)
    assert events(app, asset) == [
        ("registered", {"class": "vehicle.offroad", "unit": "IMT-TK", "life": "received"})
    ]  # fmt: skip


@pytest.mark.parametrize("other", ["АВС-100", "abc 1OO", "ABC100", "аВс–1О0"])
def test_look_alike_serials_of_a_class_are_one(make_asset: MakeAsset, other: str) -> None:
    first = make_asset(serial_number="ABC 100")
    with pytest.raises(Conflict) as caught:
        make_asset(serial_number=other)
    assert (caught.value.code, caught.value.data) == ("duplicate", {"field": "serial_number", "code": first.code})
    assert make_asset(class_="ident.ftir", serial_number=other).id


def test_a_vin_is_unique_across_classes_and_an_empty_one_is_not(make_asset: MakeAsset) -> None:
    make_asset(class_="vehicle.patrol", vin="JTEBR3FJ80K012345")
    with pytest.raises(Conflict) as caught:
        make_asset(class_="vehicle.offroad", vin="jtebr3fj8ОK0I2345")
    assert [error.field for error in caught.value.fields] == ["vin"]
    assert make_asset(class_="vehicle.offroad").id != make_asset(class_="vehicle.offroad", vin="-").id


def test_a_duplicate_in_another_unit_is_named_without_its_code(make_asset: MakeAsset, actor_for: ActorFor) -> None:
    make_asset(unit="IMT-FA", serial_number="S1")
    with pytest.raises(Conflict) as caught:
        make_asset(actor_for("logistics_officer"), serial_number="S1")
    assert caught.value.data == {"field": "serial_number", "code": None}


def test_nobody_registers_in_a_unit_that_is_not_his(make_asset: MakeAsset, actor_for: ActorFor) -> None:
    make_asset(actor_for("logistics_officer"))
    with pytest.raises(NotAllowed):
        make_asset(actor_for("logistics_officer"), unit="IMT-FA")
    for login in ("officer", "commander", "technician", "monitor", "auditor", "approver", "donor"):
        with pytest.raises(NotAllowed):
            make_asset(actor_for(login))


def test_an_asset_is_moved_only_by_who_holds_both_units(app: App, make_asset: MakeAsset, actor_for: ActorFor) -> None:
    mine, foreign = make_asset(), make_asset(unit="IMT-FA")
    officer = actor_for("logistics_officer")
    with pytest.raises(NotAllowed):
        change(app, officer, mine, unit="IMT-FA")
    with pytest.raises(NotFound):
        change(app, officer, foreign, unit="IMT-TK")
    change(app, actor_for("coordinator"), mine, unit="IMT-FA")
    assert events(app, mine)[-1] == ("assigned", {"from": "IMT-TK", "to": "IMT-FA"})
    with pytest.raises(NotFound):
        change(app, officer, mine, note="still mine?")


def test_every_unknown_code_is_named_at_once(make_asset: MakeAsset) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_asset(batch="B-404", agency="NOBODY", model="Thing One")
    assert {error.field for error in caught.value.fields} == {"batch", "agency"}


def test_a_model_is_found_however_it_is_written_and_belongs_to_one_class(app: App, make_asset: MakeAsset) -> None:
    first = make_asset(model="Thermo Scientific TruNarc")
    assert make_asset(model="  thermo  scientific trunarc").model_id == first.model_id
    with pytest.raises(InvalidInput) as caught:
        make_asset(class_="ident.ftir", model="Thermo Scientific TruNarc")
    assert [error.code for error in caught.value.fields] == ["model_of_other_class"]
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(EquipmentModel)) == 1


def test_a_blank_label_is_claimed_once(app: App, make_asset: MakeAsset, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        code = register_label_blank(session, SETUP, clock.now).code
    asset = make_asset(code=f"{code[:5]}-{code[5:]}".lower())
    assert asset.code == code
    with pytest.raises(InvalidInput) as caught:
        make_asset(code=code)
    assert [error.code for error in caught.value.fields] == ["label_taken"]
    with pytest.raises(InvalidInput):
        make_asset(code="0000000000")
    with app.reading() as session:
        assert [label.state for label in labels_of(session, session.get_one(Asset, asset.id))] == ["active"]


def test_life_moves_are_events_and_others_are_refused(app: App, make_asset: MakeAsset, actor_for: ActorFor) -> None:
    asset, keeper = make_asset(life="expected"), actor_for("logistics_officer")
    with pytest.raises(RuleViolation, match="life_move"):
        change(app, keeper, asset, life="in_service")
    for life in ("received", "in_service", "withdrawn"):
        change(app, keeper, asset, life=life)
    assert [data["to"] for kind, data in events(app, asset) if kind == "life"] == [
        "received", "in_service", "withdrawn",
    ]  # fmt: skip
    with pytest.raises(InvalidInput):
        make_asset(life="disposed")


@pytest.mark.parametrize(
    ("life", "wanted"),
    [("in_service", "lost"), ("withdrawn", "disposed"), ("withdrawn", "in_service"), ("withdrawn", "lost")],
)
def test_what_needs_a_case_is_not_set_by_a_change(app: App, make_asset: MakeAsset, life: str, wanted: str) -> None:
    asset = make_asset(life=life)
    with pytest.raises(RuleViolation, match="life_by_case"):
        change(app, SETUP, asset, life=wanted)


def test_what_is_issued_cannot_be_withdrawn(app: App, make_asset: MakeAsset, world: World, clock: Clock) -> None:
    asset = make_asset(life="in_service")
    with app.transaction(SETUP, clock.now) as session:
        session.get_one(Asset, asset.id).custodian_person_id = world.persons["P-001"].id
    with pytest.raises(RuleViolation, match="still_issued"):
        change(app, SETUP, asset, life="withdrawn")


def test_a_change_says_which_fields_and_never_what_stood_in_them(app: App, make_asset: MakeAsset) -> None:
    asset = change(app, SETUP, make_asset(plate="01 A 111 AA"), plate="01 B 222 BB", note="repainted")
    assert asset.version == 2
    assert events(app, asset)[-1] == ("changed", {"fields": ["note", "plate"]})
    assert "B222BB" in asset.identity_text
    assert change(app, SETUP, asset, note="repainted").version == 2
    assert len(events(app, asset)) == 2


def test_a_change_based_on_an_older_state_is_refused(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset()
    change(app, SETUP, asset, version=1, note="first")
    with pytest.raises(Conflict, match="changed_meanwhile"):
        change(app, SETUP, asset, version=1, note="second")


def test_a_condition_is_an_event_and_does_not_make_an_open_form_old(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset(condition="A")
    changed = change(app, SETUP, asset, version=1, condition="C")
    assert (changed.condition, changed.version) == ("C", 1)
    assert events(app, asset)[-1] == ("condition", {"grade": "C"})


def test_an_exemption_goes_with_its_mark(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset(visibility_mark="exempt", exemption_reason="covert_use")
    with pytest.raises(InvalidInput):
        make_asset(visibility_mark="exempt")
    assert change(app, SETUP, asset, visibility_mark="applied").exemption_reason == ""


def test_another_class_needs_a_model_of_its_own(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset(model="Thermo TruNarc")
    with pytest.raises(InvalidInput) as caught:
        change(app, SETUP, asset, class_="ident.ftir")
    assert [error.field for error in caught.value.fields] == ["model"]
    change(app, SETUP, asset, class_="ident.ftir", model="Smiths HazMatID")
    assert events(app, asset)[-2][0] == "reclassified"


def test_only_vehicles_have_an_odometer(make_asset: MakeAsset) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_asset(odometer_km=5)
    assert [error.field for error in caught.value.fields] == ["odometer_km"]


def test_a_refused_change_leaves_nothing(app: App, make_asset: MakeAsset) -> None:
    asset = make_asset(note="as it was")
    with pytest.raises(RuleViolation):
        change(app, SETUP, asset, note="new", life="disposed")
    with app.reading() as session:
        found = session.get_one(Asset, asset.id)
        assert (found.note, found.life, found.version) == ("as it was", "received", 1)


def test_two_at_once_with_one_serial_leave_one(app: App, world: World, clock: Clock) -> None:
    """The check before and the constraint behind it: whichever catches the second, it is a refusal with words."""
    assert world.units
    start, outcomes = Barrier(2), []

    def register() -> None:
        draft = parse_asset({"class": "ident.raman", "unit": "IMT-TK", "serial_number": "RACE-1"})
        start.wait()
        try:
            with app.transaction(SETUP, clock.now) as session:
                register_asset(session, SETUP, draft, clock.now)
            outcomes.append("registered")
        except DomainError as error:
            outcomes.append(error.code)

    threads = [Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["duplicate", "registered"]
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 1


def test_the_timeline_pages_newest_first_without_gap_or_repeat(app: App, make_asset: MakeAsset, clock: Clock) -> None:
    asset = make_asset()
    for number in range(7):
        clock.advance(timedelta(minutes=number % 2))
        change(app, SETUP, asset, note=f"note {number}")
    seen: list[AssetEvent] = []
    after: tuple[object, ...] | None = None
    with app.reading() as session:
        found = session.get_one(Asset, asset.id)
        while True:
            page = timeline_page(session, found, limit=3, after=after)
            seen += page.events
            after = page.after
            if after is None:
                break
    assert len({event.id for event in seen}) == len(seen) == 8
    assert [e.occurred_at for e in seen] == sorted((e.occurred_at for e in seen), reverse=True)


def test_the_view_and_the_journal_keep_names_and_scope_apart(
    app: App, make_asset: MakeAsset, actor_for: ActorFor
) -> None:
    asset = make_asset()
    with app.reading() as session:
        assert asset_view(session, actor_for("officer"), asset.code) is not None
        assert asset_view(session, actor_for("officer2"), asset.code) is None
        assert asset_view(session, actor_for("donor"), asset.code) is None
        bodies = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "asset")).all()
    assert len(bodies) == 1
    assert "identity_text" not in bodies[0]


def test_classes_are_loaded_once_and_brought_up_to_date(app: App, world: World, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        session.merge(world.classes["ident.raman"]).name = "old name"
        rows = ensure_classes(session, SETUP)
        assert [row.code for row in rows] == list(CLASSES)
        again = ensure_classes(session, SETUP)
    assert [row.id for row in again] == [row.id for row in rows]
    raman = next(row for row in rows if row.code == "ident.raman")
    assert (raman.name, raman.subject_to_calibration) == ("Raman analyser", True)
    assert not session.new
