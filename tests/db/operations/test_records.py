"""Story 8: raw quantity and kg kept, substances of a seizure, contribution by class, corrections with a trace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.operations.models import Operation
from assets.operations.queries import corrections_of, operation_by_id
from assets.operations.rules.fields import parse_operation, parse_seizure
from assets.operations.rules.parts import ContributionDraft, read_item
from assets.operations.service import (
    add_item,
    add_seizure,
    record_operation,
    set_contribution,
    strike_item,
    strike_seizure,
)
from assets.people.rules import Permission
from tests.support.operations import JOINT, PATROL, Operations

CLOSE = Permission.OPERATION_CLOSE


def codes(refused: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {error.field: error.code for error in refused.value.fields}


def test_raw_quantity_and_unit_are_kept_beside_the_kilogrammes(operations: Operations) -> None:
    made = operations.record(seizures="heroin 20 kg 32 g; hashish 5311 g + tropicamide 30 ampoules")
    with operations.read(made) as operation:
        told = [
            [(item.substance, item.quantity, item.unit, item.kg) for item in seizure.items]
            for seizure in operation.seizures
        ]
    assert told == [
        [("heroin", Decimal(20032), "g", Decimal("20.032"))],
        [("cannabis_resin", Decimal(5311), "g", Decimal("5.311")), ("tropicamide", Decimal(30), "ampoules", None)],
    ]


def test_finest_and_greatest_quantities_come_back_as_they_were_told(operations: Operations) -> None:
    made = operations.record(seizures="heroin 0.001 g; opium 9999999 kg; morphine 0.000001 kg; cocaine 1234567.891 g")
    with operations.read(made) as operation:
        kg = [item.kg for seizure in operation.seizures for item in seizure.items]
    assert kg == [Decimal("0.000001"), Decimal(9999999), Decimal("0.000001"), Decimal("1234.567891")]


def test_contribution_is_said_once_for_each_class_and_the_later_word_stands(operations: Operations) -> None:
    made = operations.record(contributions={"ident.raman": "none", "search.videoscope": "supported"})
    with operations.held(made) as (session, actor, operation):
        said = ContributionDraft("ident.raman", "decisive", "found it in the wall")
        set_contribution(session, actor, operation, said, operations.clock.now)
    with operations.read(made) as operation:
        found = {each.equipment_class.code: (each.contribution, each.note) for each in operation.contributions}
    assert found == {"ident.raman": ("decisive", "found it in the wall"), "search.videoscope": ("supported", "")}


def test_joint_operation_needs_two_agencies(operations: Operations) -> None:
    with pytest.raises(InvalidInput) as refused:
        operations.record(kind="joint_operation", agencies=["MIA"])
    assert codes(refused) == {"agencies": "two_agencies"}
    made = operations.record(**JOINT)
    with pytest.raises(InvalidInput) as refused:
        operations.change(made, agencies="CUSTOMS")
    assert codes(refused) == {"agencies": "two_agencies"}


def test_only_agencies_take_part(operations: Operations) -> None:
    with pytest.raises(InvalidInput) as refused:
        operations.record(kind="joint_operation", agencies=["MIA", "JPN"])
    assert codes(refused) == {"agencies": "not_an_agency"}


def test_controlled_delivery_is_internal_or_international_and_nothing_else_is(operations: Operations) -> None:
    with pytest.raises(InvalidInput) as refused:
        operations.record(kind="controlled_delivery")
    assert codes(refused) == {"delivery": "required"}
    with pytest.raises(InvalidInput) as refused:
        operations.record(delivery="internal")
    assert codes(refused) == {"delivery": "not_a_delivery"}
    operations.record(kind="controlled_delivery", delivery="international")


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"ends_on": "2026-10-27"}, {"ends_on": "out_of_order"}),
        ({"ends_on": "2028-01-01"}, {"ends_on": "too_long"}),
        ({"starts_on": "2028-01-01"}, {"starts_on": "too_far_ahead"}),
        ({"starts_on": "2026-11-20", "closed": True}, {"ends_on": "ahead"}),
        ({"finds": 3}, {"searches": "required"}),
        ({"searches": 2, "finds": 3}, {"finds": "out_of_range"}),
        ({"seizures": [{"items": ["heroin 1 g"], "seized_on": "2026-10-27"}]}, {"seized_on": "outside"}),
        ({"seizures": [{"items": ["heroin 1 g"], "seized_on": "2026-11-30"}]}, {"seized_on": "ahead"}),
    ],
)
def test_what_does_not_fit_together_is_refused(
    operations: Operations, values: dict[str, Any], wrong: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        operations.record(**values)
    assert codes(refused) == wrong


def test_codes_are_given_or_made_in_the_order_of_their_year(operations: Operations) -> None:
    operations.record(code="LOLA-1")
    for _ in range(2):
        operations.record()
    operations.record(starts_on="2025-03-01", ends_on="2025-03-01")
    with operations.by("commander") as (session, _):
        found = session.scalars(select(Operation.code).order_by(Operation.id)).all()
    assert found == ["LOLA-1", "OP-2026-0001", "OP-2026-0002", "OP-2025-0001"]


def test_a_given_code_is_taken_once_whatever_its_case(operations: Operations) -> None:
    operations.record(code="Lola-1")
    with pytest.raises(Conflict) as refused:
        operations.record(code="LOLA-1")
    assert refused.value.code == "code_taken"


def test_open_operation_is_changed_freely_and_the_region_follows_the_unit(operations: Operations) -> None:
    made = operations.record("coordinator", units=["IMT-FA"])
    operations.change(made, "coordinator", version=1, unit="IMT-SU", arrests=3, note="text")
    with operations.read(made, "coordinator") as operation:
        assert (operation.unit.code, operation.region.code, operation.arrests) == ("IMT-SU", "UZ-SU", 3)
        assert {unit.code for unit in operation.units} == {"IMT-SU", "IMT-FA"}
        assert operation.version == 2


def test_both_the_old_and_the_new_unit_are_checked(operations: Operations) -> None:
    made = operations.record()
    with pytest.raises(NotAllowed):
        operations.change(made, unit="IMT-FA")
    with pytest.raises(NotAllowed):
        operations.record(unit="IMT-FA")


def test_a_participating_unit_reads_what_the_leading_unit_writes(operations: Operations) -> None:
    made = operations.record("coordinator", unit="IMT-FA", units=["IMT-TK"])
    with operations.read(made, "officer") as operation:
        assert operation.unit.code == "IMT-FA"
    with pytest.raises(NotAllowed):
        operations.change(made, "officer", arrests=1)


def test_closed_operation_is_changed_only_by_a_correction_with_its_reason(operations: Operations) -> None:
    made = operations.record(closed=True, arrests=1, seizures="heroin 2 kg")
    with pytest.raises(RuleViolation) as refused:
        operations.change(made, arrests=2)
    assert refused.value.code == "operation_closed"
    with pytest.raises(InvalidInput) as wrong:
        operations.correct(made, "  ", arrests=2)
    assert codes(wrong) == {"reason": "required"}
    operations.correct(made, "counted again", arrests=2)
    with operations.by("commander") as (session, actor):
        operation = operation_by_id(session, actor, made)
        (trace,) = corrections_of(session, operation)
    assert (trace.before, trace.after, trace.reason) == ({"arrests": 1}, {"arrests": 2}, "counted again")
    assert (trace.actor_name, trace.account_id) == ("commander", operations.world.accounts["commander"].id)


def test_a_correction_that_changes_nothing_leaves_no_trace(operations: Operations) -> None:
    made = operations.record(closed=True, arrests=1)
    with pytest.raises(RuleViolation) as refused:
        operations.correct(made, "nothing", arrests=1)
    assert refused.value.code == "nothing_to_change"


def test_seizures_of_a_closed_operation_are_struck_out_never_removed(operations: Operations) -> None:
    made = operations.record(closed=True, seizures="heroin 2 kg + opium 10 g; opium 5 g")
    now = operations.clock.now
    with operations.read(made) as operation:
        first, second = operation.seizures
        wrong_item = first.items[1].id
    for act in (
        lambda s, a, o, r: strike_seizure(s, a, o, second.id, now, reason=r),
        lambda s, a, o, r: strike_item(s, a, o, first.id, wrong_item, now, reason=r),
        lambda s, a, o, r: add_item(s, a, o, first.id, read_item("opium 100 g", "item"), now, reason=r),
        lambda s, a, o, r: add_seizure(s, a, o, parse_seizure({"items": ["morphine 1 g"]}), now, reason=r),
        lambda s, a, o, r: set_contribution(s, a, o, ContributionDraft("ident.raman", "decisive"), now, reason=r),
    ):
        with pytest.raises(InvalidInput), operations.held(made, permission=CLOSE) as (session, actor, operation):
            act(session, actor, operation, "")
        with operations.held(made, permission=CLOSE) as (session, actor, operation):
            act(session, actor, operation, "the protocol says so")
    with operations.by("commander") as (session, actor):
        operation = operation_by_id(session, actor, made)
        traces = corrections_of(session, operation)
        standing = [
            (item.substance, item.kg)
            for seizure in operation.seizures
            if not seizure.struck_out
            for item in seizure.items
            if not item.struck_out
        ]
    assert standing == [("heroin", 2), ("opium", Decimal("0.1")), ("morphine", Decimal("0.001"))]
    assert len(traces) == 5
    assert traces[-1].before["seizures"][str(second.id)]["struck_out"] is False
    assert traces[-1].after["seizures"][str(second.id)]["struck_out"] is True


def test_who_may_write_but_not_close_neither_closes_nor_corrects(operations: Operations) -> None:
    made = operations.record("officer")
    with pytest.raises(NotAllowed):
        operations.close(made, "officer")
    with pytest.raises(NotAllowed):
        operations.record("officer", closed=True)
    operations.close(made)
    with pytest.raises(NotAllowed):
        operations.correct(made, "because", "officer", arrests=9)


def test_closing_dates_the_end_by_the_last_seizure(operations: Operations) -> None:
    made = operations.record(seizures=[{"items": ["heroin 1 g"], "seized_on": "2026-10-30"}])
    operations.close(made)
    with operations.read(made) as operation:
        assert (operation.ends_on, operation.closed_at) == (date(2026, 10, 30), operations.clock.now)
    with pytest.raises(Conflict) as refused:
        operations.close(made)
    assert refused.value.code == "operation_closed"
    other = operations.record(seizures=[{"items": ["heroin 1 g"], "seized_on": "2026-10-30"}])
    with pytest.raises(InvalidInput) as wrong:
        operations.close(other, ends_on=date(2026, 10, 29))
    assert codes(wrong) == {"ends_on": "outside"}


def test_annulled_operation_stays_and_is_changed_no_more(operations: Operations) -> None:
    made = operations.record(closed=True)
    with pytest.raises(InvalidInput):
        operations.annul(made, "")
    operations.annul(made, "recorded twice")
    with operations.read(made) as operation:
        assert (operation.annulled_at, operation.annulled_reason) == (operations.clock.now, "recorded twice")
    with pytest.raises(RuleViolation) as refused:
        operations.correct(made, "because", arrests=9)
    assert refused.value.code == "operation_annulled"


def test_a_change_based_on_what_others_changed_meanwhile_is_refused(operations: Operations) -> None:
    made = operations.record()
    operations.change(made, version=1, arrests=2)
    with pytest.raises(Conflict) as refused:
        operations.change(made, "officer", version=1, arrests=3)
    assert (refused.value.code, refused.value.data) == ("changed_meanwhile", {"version": 2})


def test_codes_made_at_the_same_moment_do_not_clash(operations: Operations) -> None:
    together = Barrier(2)

    def record() -> int:
        together.wait()
        return operations.record()

    with ThreadPoolExecutor(2) as pool:
        made = [each.result() for each in [pool.submit(record), pool.submit(record)]]
    with operations.by("commander") as (session, _):
        found = set(session.scalars(select(Operation.code).where(Operation.id.in_(made))))
    assert found == {"OP-2026-0001", "OP-2026-0002"}


def test_a_made_code_gives_way_to_one_stored_meanwhile(operations: Operations) -> None:
    operations.record()
    with operations.by("commander") as (session, actor):
        # As after a first look at the numbers, before the other's commit.
        session.info["operation_numbers"] = {2026: 0}
        made = record_operation(session, actor, parse_operation(PATROL), operations.clock.now)
        assert made.code == "OP-2026-0002"


def test_a_seizure_of_another_operation_is_not_found(operations: Operations) -> None:
    other = operations.record("coordinator", unit="IMT-FA", seizures="heroin 1 g")
    with operations.read(other, "coordinator") as operation:
        foreign = operation.seizures[0].id
    made = operations.record()
    with pytest.raises(NotFound), operations.held(made) as (session, actor, operation):
        strike_seizure(session, actor, operation, foreign, operations.clock.now)


def test_record_is_refused_before_anything_is_stored(operations: Operations) -> None:
    with pytest.raises(InvalidInput), operations.by("commander") as (session, actor):
        record_operation(session, actor, parse_operation({**PATROL, "region": "UZ-XX"}), operations.clock.now)
    with operations.by("commander") as (session, _):
        assert session.scalar(select(Operation.id)) is None
