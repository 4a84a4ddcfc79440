"""Entering a round: all of it or nothing, each number once, only for one's own units, and worth what its lines are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, RuleViolation
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.queries import round_by_id
from assets.handover.service.rounds import add_lines
from assets.people.models import Organisation
from assets.registry.models import Asset, AssetEvent, EquipmentModel, HandoverBatch, Label
from assets.registry.service.catalogue import BatchDraft, GrantDraft, add_batch, add_grant
from tests.db.handover.conftest import Entered
from tests.support.rounds import DAY, YEN, codes, items_in, line, put_grant, put_round
from tests.support.world import SETUP, Clock, World

Enter = Callable[..., Entered]
ActorFor = Callable[[str], Actor]
VAN = {"class": "vehicle.forensic_van", "model": "Ford Transit", "unit_value": "60000", "serials": "WF0XXXTTGXKE12345"}


def refusal(enter: Enter, *lines: dict[str, object], **more: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        enter(*lines, **more)
    return caught.value


def rows_of(app: App) -> list[int]:
    tables = (HandoverBatch, HandoverLine, HandoverItem, Asset, Label, EquipmentModel, AssetEvent)
    with app.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_every_promised_item_is_an_expected_asset_with_a_label(app: App, enter: Enter) -> None:
    entered = enter(line(), line(quantity=1, **VAN), line(quantity=3, serials="", unit="IMT-FA", agency="MIA"))
    with app.reading() as session:
        items = items_in(session, round_by_id(session, entered.id))
        assert [item.asset.life for item in items] == ["expected"] * 6
        assert [item.outcome for item in items] == ["pending"] * 6
        assert [item.serial_on_paper for item in items] == ["TN-1001", "TN-1002", VAN["serials"], "", "", ""]
        labels = [session.get_one(Label, item.asset.code) for item in items]
        assert {label.state for label in labels} == {"active"}
        first, van, last = items[0].asset, items[2].asset, items[5].asset
        assert first.batch is not None
        assert (first.serial_number, first.batch.number, first.value) == ("TN-1001", "R-1", Decimal(25_000))
        assert (van.vin, van.serial_number) == (VAN["serials"], "")
        assert last.custodian_org is not None
        assert (last.unit.code, last.custodian_org.code, last.serial_folded) == ("IMT-FA", "MIA", None)
        assert first.model is not None
        assert last.model is first.model
        assert (first.model.maker, first.model.name) == ("Thermo", "TruNarc")


def test_a_round_is_worth_the_sum_of_its_lines_and_names_who_received(app: App, enter: Enter) -> None:
    entered = enter(line(), line(quantity=3, serials="", unit_value="100.10", agency="MIA"), **YEN)
    with app.reading() as session:
        batch = round_by_id(session, entered.id)
        assert (batch.value, batch.currency, batch.usd_rate) == (Decimal("50300.30"), "JPY", Decimal("151.25"))
        assert {organisation.code for organisation in batch.recipients} == {"CUSTOMS", "MIA"}
        assert {asset.currency for asset in session.scalars(select(Asset))} == {"JPY"}


def test_a_value_typed_beside_lines_is_refused(enter: Enter) -> None:
    assert refusal(enter, value=Decimal(1)).fields[0].field == "value"


@pytest.mark.parametrize("other", ["TN-1001", "tn 1001", "ТN1001", "TN-1OO1", "TN-100I"])
def test_look_alike_serials_are_refused_across_lines(enter: Enter, app: App, other: str) -> None:
    before = rows_of(app)
    error = refusal(enter, line(), line(quantity=1, serials=other, unit="IMT-FA"))
    assert isinstance(error, Conflict)
    assert codes(error.fields) == {(2, "serials", "duplicate")}
    assert "line 1" in str(error.fields[0].message)
    assert rows_of(app) == before


def test_look_alike_serials_are_refused_within_a_line_and_free_in_another_class(enter: Enter) -> None:
    assert codes(refusal(enter, line(serials="A-1\nА1")).fields) == {(1, "serials", "duplicate")}
    enter(line(quantity=1, serials="A-1"), line(quantity=1, serials="A-1", class_="ident.ftir", model="Other One"))


def test_numbers_of_the_register_are_refused_and_named_only_to_those_who_see_the_item(
    enter: Enter, app: App, world: World, clock: Clock, actor_for: ActorFor
) -> None:
    first = enter(line(), line(quantity=1, **VAN))
    code = first.asset(0).code
    error = refusal(enter, line(quantity=1, serials="ТN 1OO1"), line(quantity=1, **VAN), number="R-2")
    assert codes(error.fields) == {(1, "serials", "duplicate"), (2, "serials", "duplicate")}
    assert f"{code[:5]}-{code[5:]}" in str(error.fields[0].message)
    hidden = refusal(
        enter, line(quantity=1, serials="TN-1001", unit="IMT-FA"), number="R-2", actor=actor_for("logistics2")
    )
    assert code[:5] not in str(hidden.fields[0].message)


def test_every_wrong_cell_of_every_line_is_named_and_nothing_is_kept(enter: Enter, app: App) -> None:
    before = rows_of(app)
    error = refusal(
        enter, line(), line(unit="IMT-XX", agency="JPN", serials=""), line(quantity="many", serials=""),
        line(class_="", model="Never Seen", serials=""), line(class_="ident.ftir", serials="TN-1001"),
    )  # fmt: skip
    assert isinstance(error, InvalidInput)
    assert {(2, "unit", "unknown_unit"), (2, "agency", "not_an_agency"), (3, "quantity", "not_a_number"),
            (4, "class", "required")} <= codes(error.fields)  # fmt: skip
    assert rows_of(app) == before


def test_a_model_of_another_class_is_refused_and_one_that_is_known_gives_the_class(enter: Enter) -> None:
    enter(line())
    error = refusal(enter, line(class_="ident.ftir", serials=""), number="R-2")
    assert codes(error.fields) == {(1, "model", "model_of_other_class")}
    entered = enter(line(class_="", model="trunarc", serials=""), number="R-3")
    assert entered.asset(0).equipment_class.code == "ident.raman"


def test_a_taken_number_leaves_nothing_behind(enter: Enter, app: App) -> None:
    enter(line())
    before = rows_of(app)
    assert refusal(enter, line(serials=""), number="R-1").code == "number_taken"
    assert rows_of(app) == before


def test_lines_are_entered_for_units_in_reach_only(enter: Enter, app: App, actor_for: ActorFor) -> None:
    officer = actor_for("logistics_officer")
    before = rows_of(app)
    for lines in ([line(unit="IMT-FA")], [line(), line(unit="IMT-FA", serials="")]):
        assert isinstance(refusal(enter, *lines, actor=officer), NotAllowed)
    assert isinstance(refusal(enter, line(), actor=actor_for("officer")), NotAllowed)
    assert rows_of(app)[1:] == before[1:]
    assert len(enter(line(), actor=officer).items) == 2
    # Not even that a number is known is said of a line that is not his to enter.
    assert isinstance(refusal(enter, line(unit="IMT-FA"), number="R-2", actor=officer), NotAllowed)


def test_more_lines_follow_and_the_value_with_them(enter: Enter, app: App, clock: Clock, actor_for: ActorFor) -> None:
    entered = enter(line())
    with app.transaction(SETUP, clock.now) as session:
        batch = round_by_id(session, entered.id)
        (added,) = add_lines(session, SETUP, batch, [line(quantity=1, serials="TN-2000")], clock.now)
        assert (added.number, batch.value) == (2, Decimal(75_000))
    with pytest.raises(Conflict), app.transaction(SETUP, clock.now) as session:
        add_lines(session, SETUP, round_by_id(session, entered.id), [line(quantity=1, serials="TN-2OOO")], clock.now)
    other = actor_for("logistics2")
    with pytest.raises(NotAllowed), app.transaction(other, clock.now) as session:
        add_lines(session, other, round_by_id(session, entered.id), [line(serials="")], clock.now)


def test_a_typed_value_is_for_those_who_write_grants_and_takes_no_lines(
    app: App, world: World, clock: Clock, actor_for: ActorFor
) -> None:
    officer = actor_for("logistics_officer")
    with app.transaction(SETUP, clock.now) as session:
        put_grant(session, world)
    with pytest.raises(NotAllowed), app.transaction(officer, clock.now) as session:
        add_batch(session, officer, BatchDraft("OLD", put_grant(session, world), DAY, value=Decimal(10**9)))
    with app.transaction(SETUP, clock.now) as session:
        add_batch(session, SETUP, BatchDraft("OLD", put_grant(session, world), DAY, value=Decimal(10)))
    with pytest.raises(RuleViolation) as caught, app.transaction(SETUP, clock.now) as session:
        add_lines(session, SETUP, session.scalars(select(HandoverBatch)).one(), [line()], clock.now)
    assert caught.value.code == "value_typed"


@pytest.mark.parametrize("login", ["logistics_officer", "commander", "officer", "technician", "auditor"])
def test_grants_are_added_by_administrator_and_coordinator_alone(
    app: App, world: World, clock: Clock, actor_for: ActorFor, login: str
) -> None:
    for who, allowed in ((login, False), ("coordinator", True)):
        with app.reading() as session:
            donor = session.get_one(Organisation, world.organisations["JPN"].id)
        if allowed:
            with app.transaction(actor_for(who), clock.now) as session:
                add_grant(session, actor_for(who), GrantDraft("NEW", "Grant", session.merge(donor)))
        else:
            with pytest.raises(NotAllowed), app.transaction(actor_for(who), clock.now) as session:
                add_grant(session, actor_for(who), GrantDraft("NEW", "Grant", donor))


@pytest.mark.parametrize("head", [{"currency": "JPY", "usd_rate": Decimal(150)}, {"currency": "JPY", "rate_on": DAY},
                                  {"usd_rate": Decimal(1), "rate_on": DAY},
                                  {"currency": "JPY", "usd_rate": Decimal(0), "rate_on": DAY}])  # fmt: skip
def test_a_rate_has_its_day_and_is_for_other_currencies(enter: Enter, head: dict[str, object]) -> None:
    assert isinstance(refusal(enter, line(), **head), InvalidInput)


def test_five_hundred_items_are_entered_in_one_go(app: App, world: World, clock: Clock) -> None:
    lines = [
        line(quantity=25, serials=[f"S{place:02d}{n:03d}" for n in range(25)], unit=("IMT-TK", "IMT-FA")[place % 2])
        for place in range(20)
    ]
    with app.transaction(SETUP, clock.now) as session:
        batch = put_round(session, world, clock.now, *lines)
        assert len(items_in(session, batch)) == 500
