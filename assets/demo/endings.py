"""The made-up ends: what was withdrawn, what was lost, and what the board decided of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.custody.service import handover
from assets.demo.setting import Setting, logistics_actor, moment
from assets.disposal import service as disposal
from assets.disposal.models import DisposalCase, LossCase
from assets.disposal.service import CarriedOut, Decision, LossDecision
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence


@dataclass(frozen=True)
class Leaving:
    """An item that leaves: of which class and team, and since how many days it is not used."""

    key: str
    class_code: str
    unit: str
    days_ago: int


LEAVING = (
    Leaving("sold", "vehicle.patrol", "IMT-TK", 74),
    Leaving("approved", "vehicle.patrol", "IMT-FA", 41),
    Leaving("proposed", "vehicle.patrol", "IMT-SU", 13),
    Leaving("destroyed", "search.fiberscope", "IMT-SA", 62),
    Leaving("kept", "search.density_meter", "IMT-SI", 52),
    Leaving("set aside", "ident.ims_trace", "IMT-FA", 6),
    Leaving("written off", "search.mirror_uvss", "IMT-QR", 80),
    Leaving("missed", "radiation.prd", "IMT-SU", 18),
    Leaving("gone", "comms.radio", "IMT-NG", 2),
    Leaving("found", "search.videoscope", "IMT-BU", 66),
)
REASONS = {
    "sold": "Eight years old; the gearbox costs more than the vehicle is worth",
    "approved": "Body corroded through at the sills; failed the state inspection",
    "proposed": "Engine uses a litre of oil on 1,000 km; overhaul is not worth its price",
    "destroyed": "Fibres broken, image unusable; the maker repairs this model no more",
    "kept": "Readings drift; nobody here can repair it",
    "set aside": "No battery of this type is to be had; waits for the donor's answer",
}


def choose_leaving(assets: Sequence[Asset]) -> dict[str, Asset]:
    """The oldest item of each class that is to leave, of its team where that has one, by what becomes of it."""
    chosen: dict[str, Asset] = {}
    for each in LEAVING:
        taken = {asset.id for asset in chosen.values()}
        of_class = [a for a in assets if a.equipment_class.code == each.class_code and a.id not in taken]
        chosen[each.key] = next((asset for asset in of_class if asset.unit.code == each.unit), of_class[0])
    return chosen


def used_until(app: App, chosen: Mapping[str, Asset], now: datetime) -> dict[int, datetime]:
    """By asset, from when on nothing more is done with it."""
    return {chosen[each.key].id: moment(app, now, each.days_ago) for each in LEAVING}


def make_endings(app: App, made: Setting, chosen: Mapping[str, Asset], now: datetime) -> None:
    """Withdraw, report, inquire, propose, decide and carry out, each by whoever does it and on its day."""
    steps = _Steps(app, made, chosen, now)
    for each in LEAVING:
        if each.key in REASONS:
            steps.withdraw(each.key, each.days_ago, REASONS[each.key])
    _disposals(steps)
    _losses(steps)


class _Steps:
    """Carries out one step after the other, each in a transaction of whoever does it, on its day.

    The team's logistics officer reports and proposes; the coordinator decides, and inquires where nobody else does.
    """

    def __init__(self, app: App, made: Setting, chosen: Mapping[str, Asset], now: datetime) -> None:
        self._app, self._made, self._chosen, self._now = app, made, chosen, now
        self._coordinator = made.actors["coordinator"]

    def withdraw(self, key: str, days_ago: int, reason: str) -> None:
        """Take back what is issued, and take it out of service."""
        with self._doing(key, days_ago) as (session, asset, actor, at):
            if asset.custodian_person_id is not None:
                handover.return_asset(session, actor, asset, Occurrence(at, at), condition=asset.condition or "C")
            disposal.withdraw(session, actor, asset, reason, at)

    def put_back(self, key: str, days_ago: int, reason: str) -> None:
        """Back to the life that it had before."""
        with self._doing(key, days_ago) as (session, asset, actor, at):
            disposal.put_back(session, actor, asset, reason, at)

    def propose(self, key: str, days_ago: int, trigger: str, assessment: str) -> int:
        """Bring it before the board; answers the case."""
        with self._doing(key, days_ago) as (session, asset, actor, at):
            return disposal.propose_disposal(session, actor, asset, trigger=trigger, assessment=assessment, now=at).id

    def decide(self, case_id: int, days_ago: int, number: int, *, method: str = "", note: str = "") -> None:
        """Enter what the board decided; without a method it refused."""
        at = self._at(days_ago)
        with self._app.transaction(self._coordinator, at) as session:
            case = session.get_one(DisposalCase, case_id)
            decision = Decision(f"Board {at:%Y}/{number}", local_date(at, self._zone), method, note)
            enter = disposal.approve_disposal if method else disposal.reject_disposal
            enter(session, self._coordinator, case, decision, at)

    def carry_out(
        self, case_id: int, days_ago: int, paper: str, *, recipient: str = "", proceeds: Decimal | None = None
    ) -> None:
        """Record that it was done, by its paper."""
        at = self._at(days_ago)
        with self._app.transaction(self._coordinator, at) as session:
            case = session.get_one(DisposalCase, case_id)
            done = CarriedOut(local_date(at, self._zone), paper, recipient, proceeds)
            disposal.carry_out_disposal(session, self._coordinator, case, done, at)

    def report(self, key: str, days_ago: int, circumstances: str) -> int:
        """Say that it is gone; answers the case."""
        with self._doing(key, days_ago) as (session, asset, actor, at):
            day = local_date(at, self._zone)
            return disposal.report_loss(session, actor, asset, lost_on=day, circumstances=circumstances, now=at).id

    def inquire(self, case_id: int, days_ago: int, inquiry_by: str) -> None:
        """Somebody looks into it."""
        at = self._at(days_ago)
        with self._app.transaction(self._coordinator, at) as session:
            case = session.get_one(LossCase, case_id)
            day = local_date(at, self._zone)
            disposal.open_inquiry(session, self._coordinator, case, inquiry_by=inquiry_by, opened_on=day, now=at)

    def settle(self, case_id: int, days_ago: int, decision: LossDecision, result: str) -> None:
        """Enter the decision, of that day."""
        at = self._at(days_ago)
        with self._app.transaction(self._coordinator, at) as session:
            case = session.get_one(LossCase, case_id)
            dated = replace(decision, decided_on=local_date(at, self._zone))
            disposal.decide_loss(session, self._coordinator, case, dated, inquiry_result=result, now=at)

    def _at(self, days_ago: int) -> datetime:
        return moment(self._app, self._now, days_ago, hour=11)

    @property
    def _zone(self) -> ZoneInfo:
        return self._app.settings.zone

    @contextmanager
    def _doing(self, key: str, days_ago: int) -> Iterator[tuple[Session, Asset, Actor, datetime]]:
        """A transaction of the item's logistics officer on that day."""
        at = self._at(days_ago)
        actor = logistics_actor(self._made, self._chosen[key].unit)
        with self._app.transaction(actor, at) as session:
            asset = session.scalars(
                select(Asset)
                .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
                .where(Asset.id == self._chosen[key].id)
            ).one()
            yield session, asset, actor, at


def _disposals(steps: _Steps) -> None:
    sold = steps.propose("sold", 70, "age", "Gearbox and clutch worn out; repair estimated at 41 million UZS.")
    steps.decide(sold, 48, 14, method="sale", note="By public auction, after the marks are off")
    steps.carry_out(
        sold, 20, "Contract A-2291", recipient="Winner of auction lot 114 (made up)", proceeds=Decimal(38_400_000)
    )
    approved = steps.propose(
        "approved", 38, "age", "Sills and floor corroded through; repair quoted at 29 million UZS."
    )
    steps.decide(approved, 9, 19, method="sale", note="For parts")
    steps.propose("proposed", 11, "age", "Compression of 6.1 bar on cylinder 3; overhaul quoted at 33 million UZS.")
    burnt = steps.propose(
        "destroyed", 58, "condition", "Nine of ten fibre bundles broken; no spare part is made any more."
    )
    steps.decide(burnt, 48, 14, method="destruction", note="Light source kept as a spare")
    steps.carry_out(burnt, 33, "Act of destruction 7")
    kept = steps.propose("kept", 50, "condition", "Drifts by 9 % in an hour; two repairs did not help.")
    steps.decide(kept, 48, 14, note="The maker's agent exchanges the detector: repair it first")
    steps.put_back("kept", 44, "Detector exchanged by the maker's agent; calibrate before use")


def _losses(steps: _Steps) -> None:
    mirror = steps.report("written off", 80, "Left behind at a night checkpoint; not there in the morning.")
    steps.inquire(mirror, 77, "Commission of the team: two officers and the accountant")
    steps.settle(
        mirror, 45, LossDecision("written_off", None, "Order 88", "Left in a dust storm: nobody answers for it"),
        "Seen last at 02:40, before the storm. The road was searched twice.",
    )  # fmt: skip
    gone = steps.propose("written off", 40, "loss", "Loss settled by order 88.")
    steps.decide(gone, 9, 19, method="write_off")
    steps.carry_out(gone, 5, "Act of write-off 12")
    detector = steps.report("missed", 18, "Not in its case when the shift handed over.")
    steps.inquire(detector, 15, "Internal inspection of the team")
    steps.report("gone", 2, "Dropped from the boat on the reservoir during a search.")
    scope = steps.report("found", 66, "Not in the vehicle after the search of a truck.")
    words = "In the truck's cabin; sent back by the customs post"
    found = LossDecision("found", None, life="in_service", condition="B", note=words)
    steps.settle(scope, 61, found, "")
