"""Kits in the database: one kit at a time, late entries, checks, counted items and scope, on both engines."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, RuleViolation
from assets.kits.models import Kit, KitCheck, KitEntry, KitPart
from assets.kits.rules.lists import LineDraft
from assets.kits.service import copy_list, put_counted, put_part, take_counted, use_counted
from assets.kits.service.entering import follow_part
from assets.labels.token import format_code
from assets.registry.models import AssetEvent, StockLot
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from tests.support.kits import MIRRORS, Kits
from tests.support.lots import Store
from tests.support.world import SETUP, Clock, World


@pytest.fixture
def kits(app: App, world: World, clock: Clock) -> Kits:
    return Kits(app, world, clock)


@pytest.fixture
def store(app: App, world: World, clock: Clock) -> Store:
    return Store(app, world, clock, login="coordinator")


def hours(kits: Kits, ago: int, n: int = 0) -> Occurrence:
    return kits.occurrence(timedelta(hours=ago), n)


def test_complete_kit_is_ready_and_one_without_a_part_is_blocked_with_words(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    assert (kits.fitness(kit).fit, kits.reasons(kit)) == (True, [])
    kits.take(one, kit)
    assert (kits.fitness(kit).fit, kits.reasons(kit)) == (False, ["kit_incomplete"])
    assert "1 of 2" in str(kits.fitness(kit).reasons[0].message)


def test_kit_never_checked_is_unknown_and_not_unfit(kits: Kits) -> None:
    mirrors = [kits.asset_of("search.mirror_uvss") for _ in range(2)]
    kit = kits.kit(*mirrors, lines=(MIRRORS,), checked=False)
    assert (kits.fitness(kit).state, kits.reasons(kit)) == ("unknown", ["kit_never_checked"])


def test_unfit_part_makes_the_kit_unfit(kits: Kits) -> None:
    meter = kits.asset_of("search.density_meter")
    kit = kits.kit(meter, lines=(LineDraft("search.density_meter", 1),))
    assert kits.reasons(meter) == ["never_calibrated"]
    assert kits.reasons(kit) == ["kit_part_unfit"]


def test_part_put_into_another_kit_is_moved_and_both_timelines_say_so(kits: Kits) -> None:
    one, other = kits.kit(part := kits.asset_of("comms.radio")), kits.kit()
    moved = kits.put(part, other)
    assert moved.from_kit is not None
    assert moved.from_kit.code == one
    assert kits.kit_of(part) == (other, False)
    assert moved.event.data == {"kit": other, "from_kit": one}
    with kits.app.reading() as session:
        left = session.scalars(select(AssetEvent.kind).where(AssetEvent.asset_id == kits.asset(one).id)).all()
    assert "kit_part_out" in left


def test_the_database_holds_a_part_in_one_kit_at_a_time(kits: Kits) -> None:
    kit, part, _ = kits.full_kit()
    other = kits.asset(kits.kit())
    twice = insert(KitPart).values(asset_id=kits.asset(part).id, kit_id=other.id, since=kits.clock.now)
    with kits.app.main.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(twice)
    assert kits.kit_of(part) == (kit, False)


def test_late_entries_end_the_same_in_whatever_order_they_are_heard(kits: Kits) -> None:
    one, other = kits.kit(kits.asset_of("comms.radio")), kits.kit()
    ended: set[tuple[str, bool] | None] = set()
    for order in permutations(("put", "moved", "taken", "missed")):
        part = kits.asset_of("comms.radio")
        for act in order:
            if act == "put":
                kits.put(part, one, at=hours(kits, 9))
            elif act == "moved":
                kits.put(part, other, at=hours(kits, 7))
            elif act == "taken":
                kits.take(part, one, at=hours(kits, 5))
            else:
                kits.check(other, {part: False}, at=hours(kits, 3))
        ended.add(kits.kit_of(part))
    assert ended == {(other, True)}


def test_kit_in_a_kit_is_refused_also_when_it_is_told_late(kits: Kits) -> None:
    kit, part, _ = kits.full_kit()
    for inside, into in ((kits.kit(), kit), (kit, kit), (kits.asset_of("comms.radio"), part)):
        for at in (kits.occurrence(), hours(kits, 5)):
            with pytest.raises(RuleViolation) as refused:
                kits.put(inside, into, at=at)
            assert refused.value.code == "kit_in_kit"


def test_part_of_another_unit_or_with_another_person_is_not_put_in_now(kits: Kits) -> None:
    kit, _, _ = kits.full_kit()
    with pytest.raises(RuleViolation, match="other_unit"):
        kits.put(kits.asset_of("comms.radio", "IMT-FA"), kit)
    radio = kits.asset_of("comms.radio")
    kits.issue(radio, "P-001", override_reason="Needed at once")
    with pytest.raises(RuleViolation, match="not_together"):
        kits.put(radio, kit)


def test_scope_of_the_part_of_the_kit_and_of_the_kit_before_are_checked(kits: Kits) -> None:
    theirs = kits.kit(radio := kits.asset_of("comms.radio"))
    with kits.app.transaction(SETUP, kits.clock.now) as session:
        # As after a transfer of the part alone that nobody took out of its kit.
        asset_by_code(session, SETUP, radio).unit_id = kits.world.units["IMT-FA"].id
    own = kits.kit(unit="IMT-FA")
    with kits.by("logistics2") as (session, actor):
        into, part = asset_by_code(session, SETUP, own), asset_by_code(session, SETUP, radio)
        with pytest.raises(NotAllowed):
            put_part(session, actor, into, part, kits.occurrence())
    assert kits.kit_of(radio) == (theirs, False)


def test_what_is_sent_twice_is_done_once(kits: Kits) -> None:
    kit, radio = kits.kit(), kits.asset_of("comms.radio")
    happening = kits.occurrence()
    kits.put(radio, kit, at=happening)
    with pytest.raises(Conflict):
        kits.put(radio, kit, at=happening)


def test_check_marks_what_is_not_found_until_it_is_found_again(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.clock.advance(timedelta(hours=1))
    checked = kits.check(kit, {one: True, other: False}, login="officer")
    assert [asset.code for asset in checked.missing] == [other]
    assert kits.kit_of(other) == (kit, True)
    assert kits.reasons(kit) == ["kit_incomplete"]
    kits.clock.advance(timedelta(hours=1))
    kits.check(kit, {one: True, other: True})
    assert (kits.kit_of(other), kits.reasons(kit)) == ((kit, False), [])
    with kits.app.reading() as session:
        (newest, *_) = session.scalars(select(KitCheck).order_by(KitCheck.at.desc())).all()
        assert (newest.actor_name, newest.found, newest.missing) == ("coordinator", 2, 0)
        assert session.get_one(Kit, kits.asset(kit).id).checked_at == newest.at


def checked_at(kits: Kits, kit: str) -> datetime | None:
    with kits.app.reading() as session:
        return session.get_one(Kit, kits.asset(kit).id).checked_at


def test_check_that_does_not_name_all_that_is_in_the_kit_does_not_make_it_a_checked_one(
    kits: Kits, store: Store
) -> None:
    lot = store.receive(quantity=20)
    kits.clock.advance(timedelta(hours=1))
    one, other = kits.asset_of("search.mirror_uvss"), kits.asset_of("search.mirror_uvss")
    kit = kits.kit(one, other, lines=(MIRRORS,), checked=False)
    kits.counted(put_counted, kit, lot, 2)
    assert sorted(kits.check(kit, {}).skipped) == sorted([format_code(one), format_code(other), "Filter, L-1"])
    assert (checked_at(kits, kit), kits.reasons(kit)) == (None, ["kit_never_checked"])
    left_out = kits.check(kit, {one: True}, counted={lot: 2})
    assert left_out.skipped == [format_code(other)]
    assert kits.check(kit, {one: True, other: True}).skipped != []
    assert checked_at(kits, kit) is None
    whole = kits.check(kit, {one: True, other: False}, counted={lot: 2})
    assert (whole.skipped, checked_at(kits, kit)) == ([], whole.check.at)
    # What was missed is looked for again: not to say anything of it is to leave it out.
    assert kits.check(kit, {one: True}, counted={lot: 2}).skipped == [format_code(other)]
    assert checked_at(kits, kit) == whole.check.at


def test_late_check_is_whole_by_what_was_in_the_kit_then(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.clock.advance(timedelta(hours=9))
    kits.put(kits.asset_of("comms.radio"), kit)
    late = kits.check(kit, {one: True, other: True}, at=hours(kits, 2))
    assert (late.skipped, checked_at(kits, kit)) == ([], late.check.at)


def test_check_counts_only_lots_that_were_ever_in_the_kit(kits: Kits, store: Store) -> None:
    ours, never = store.receive("L-1", 20), store.receive("L-2", 20)
    kits.clock.advance(timedelta(hours=1))
    kit = kits.kit()
    kits.counted(put_counted, kit, ours, 2)
    with pytest.raises(InvalidInput, match="ever put into this kit"):
        kits.check(kit, {}, counted={never: 500})
    assert [each.lot_id for each in kits.judged(kit)[1].counted] == [ours]
    kits.check(kit, {}, counted={ours: 1}, login="officer")
    assert kits.judged(kit)[1].counted[0].quantity == 1


def test_monitor_looks_and_uses_nothing_up(kits: Kits, store: Store) -> None:
    lot = store.receive(quantity=20)
    kits.clock.advance(timedelta(hours=1))
    kit = kits.kit()
    kits.counted(put_counted, kit, lot, 5)

    def use(login: str) -> None:
        with kits.by(login) as (session, actor):
            asset, used = asset_by_code(session, actor, kit), session.get_one(StockLot, lot)
            use_counted(session, actor, asset, used, Decimal(1), kits.occurrence())

    with pytest.raises(NotAllowed):
        use("monitor")
    use("officer")
    assert kits.judged(kit)[1].counted[0].quantity == 4


def test_what_belongs_elsewhere_is_told_by_a_check_and_stays_where_it_is(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    radio, theirs = kits.asset_of("comms.radio"), kits.asset_of("comms.radio", "IMT-FA")
    checked = kits.check(kit, {one: True, other: True, radio: True, theirs: True, kit: True}, login="officer")
    assert checked.extras == [radio, theirs]
    assert kits.kit_of(radio) is None
    with kits.app.reading() as session:
        told = session.scalars(select(AssetEvent.kind).where(AssetEvent.asset_id == kits.asset(theirs).id)).all()
    assert told == []


def test_older_check_heard_later_does_not_bring_back_what_a_newer_one_missed(kits: Kits) -> None:
    kit, _, other = kits.full_kit()
    kits.clock.advance(timedelta(hours=9))
    kits.check(kit, {other: False}, at=hours(kits, 1))
    kits.check(kit, {other: True}, at=hours(kits, 2))
    assert kits.kit_of(other) == (kit, True)


TESTS = LineDraft("protect.filter", 5, item="Filter")


def test_counted_items_leave_the_store_and_come_back_to_it(kits: Kits, store: Store) -> None:
    lot = store.receive(quantity=20)
    kits.clock.advance(timedelta(hours=1))
    kit = kits.kit(lines=(TESTS,))
    assert kits.reasons(kit) == ["kit_incomplete"]
    kits.counted(put_counted, kit, lot, 6)
    assert (store.held(lot), kits.reasons(kit)) == (14, [])
    kits.counted(use_counted, kit, lot, 2)
    assert (store.held(lot), kits.reasons(kit)) == (14, ["kit_incomplete"])
    kits.counted(take_counted, kit, lot, 3)
    assert store.held(lot) == 17
    assert kits.judged(kit)[1].counted[0].quantity == 1
    with pytest.raises(InvalidInput):
        kits.counted(take_counted, kit, lot, 2)


def test_late_use_of_more_than_was_there_is_kept_and_said(kits: Kits, store: Store) -> None:
    lot = store.receive(quantity=20)
    kits.clock.advance(timedelta(hours=3))
    kit = kits.kit(lines=(TESTS,))
    kits.counted(put_counted, kit, lot, 5)
    kits.clock.advance(timedelta(hours=9))
    kits.counted(use_counted, kit, lot, 8, ago=timedelta(hours=1))
    (counted,) = kits.judged(kit)[1].counted
    assert [counted.quantity, counted.short] == [Decimal(0), Decimal(3)]
    kits.check(kit, {}, counted={lot: 5})
    (counted,) = kits.judged(kit)[1].counted
    assert [counted.quantity, counted.short] == [Decimal(5), Decimal(0)]
    assert kits.reasons(kit) == []


def test_recalled_lot_in_a_kit_makes_it_unfit_and_cannot_be_put_in(kits: Kits, store: Store) -> None:
    lot = store.receive(quantity=20)
    kits.clock.advance(timedelta(hours=1))
    kit = kits.kit(lines=(TESTS,))
    kits.counted(put_counted, kit, lot, 5)
    kits.clock.advance(timedelta(hours=1))
    store.recall(lot)
    kits.clock.advance(timedelta(hours=1))
    assert kits.reasons(kit) == ["kit_lot_expired", "kit_incomplete"]
    with pytest.raises(RuleViolation, match="recalled"):
        kits.counted(put_counted, kit, lot, 1)


def test_list_that_is_copied_is_the_same_and_lines_taken_off_stay(kits: Kits) -> None:
    kit, _, _ = kits.full_kit()
    other = kits.kit()
    with kits.by("coordinator") as (session, actor):
        copy_list(
            session, actor, asset_by_code(session, actor, other), asset_by_code(session, actor, kit), kits.clock.now
        )
    assert kits.judged(other)[1].lines == kits.judged(kit)[1].lines
    kits.set_list(other, LineDraft("comms.radio", 1))
    assert [line.class_code for line in kits.judged(other)[1].lines] == ["comms.radio"]
    kits.set_list(other, MIRRORS)
    assert [line.number for line in kits.judged(other)[1].lines] == [2]


def test_list_of_others_and_content_are_not_changed_without_the_right(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    for login in ("officer", "technician"):
        with pytest.raises(NotAllowed):
            kits.set_list(kit, MIRRORS, login=login)
        with pytest.raises(NotAllowed):
            kits.take(one, kit, login=login)
    with pytest.raises(NotAllowed):
        kits.check(kit, {}, login="auditor")


def test_current_rows_are_made_anew_from_the_entries_alone(kits: Kits) -> None:
    kit, one, other = kits.full_kit()
    kits.check(kit, {other: False})
    before = {code: kits.kit_of(code) for code in (one, other)}

    with kits.app.transaction(SETUP, kits.clock.now) as session:
        session.execute(delete(KitPart))
        for part_id in session.scalars(select(KitEntry.part_id).distinct()).all():
            assert part_id is not None
            follow_part(session, part_id)
    assert {code: kits.kit_of(code) for code in (one, other)} == before
