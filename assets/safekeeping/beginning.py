"""Setting up as a list that ticks itself off: each step looks at the data, so nobody has to remember what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from assets.calibration.models import CalibrationPlan
from assets.core.actor import Actor
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.core.outbox import OutboxMail, queue_mail
from assets.maintenance.models import MaintenancePlan
from assets.people.models import Account, Organisation, Person, Unit
from assets.people.queries import role_counts
from assets.people.rules import Permission, Role, require
from assets.registry.models import Asset, Grant, HandoverBatch, Label
from assets.safekeeping import log
from assets.safekeeping.doctor.accounts import NEEDED, roles_listed
from assets.safekeeping.models import SetupSkip
from assets.settings import DEFAULT, Settings, is_loopback
from assets.telemetry.models import Tracker, TrackerInstallation

MAX_REASON = 300
TEST_MAIL = "setup-test:"


@dataclass(frozen=True)
class Facts:
    """What the steps are judged by."""

    settings: Settings
    numbers: Mapping[str, int]
    roles: Mapping[str, int]
    proven_at: datetime | None


@dataclass(frozen=True)
class Measured:
    """How a step stands: done or not, and what there is now."""

    done: bool
    present: Message


@dataclass(frozen=True)
class Step:
    """One thing to set up: why, where it is done (a page, or a command), and how it is measured."""

    name: str
    title: Message
    why: Message
    measure: Callable[[Facts], Measured]
    href: str = ""
    command: str = ""
    can_be_skipped: bool = True


@dataclass(frozen=True)
class StepState:
    """A step as it stands; `skipped` is the reason why it is not needed here, empty when it is."""

    step: Step
    done: bool
    present: Message
    skipped: str

    @property
    def is_open(self) -> bool:
        """Whether it still has to be done."""
        return not self.done and not self.skipped


def _counted(name: str, text: Message) -> Callable[[Facts], Measured]:
    """Done as soon as there is one; `text` has a place `%(n)s`."""

    def measure(facts: Facts) -> Measured:
        n = facts.numbers[name]
        return Measured(n > 0, Message(text.text, {**text.params, "n": n}))

    return measure


def _time_zone(facts: Facts) -> Measured:
    chosen = facts.settings.source("ASSETS_TIMEZONE") != DEFAULT
    return Measured(chosen, msg("%(zone)s", zone=facts.settings.timezone))


def _address(facts: Facts) -> Measured:
    parts = urlsplit(facts.settings.base_url)
    reached = parts.scheme == "https" and not is_loopback(parts.hostname or "")
    return Measured(reached, msg("%(url)s", url=facts.settings.base_url))


def _organisations(facts: Facts) -> Measured:
    agencies, donors = facts.numbers["agencies"], facts.numbers["donors"]
    return Measured(agencies > 0 and donors > 0, msg("agencies: %(a)s, donors: %(d)s", a=agencies, d=donors))


def _roles(facts: Facts) -> Measured:
    missing = [role for role in NEEDED if not facts.roles.get(role)]
    if missing:
        return Measured(False, msg("no account has these roles yet: %(roles)s", roles=roles_listed(missing)))
    return Measured(True, msg("each of these roles is held: %(roles)s", roles=roles_listed(NEEDED)))


def _second_administrator(facts: Facts) -> Measured:
    n = facts.roles.get(Role.ADMINISTRATOR, 0)
    return Measured(n > 1, msg("administrators: %(n)s", n=n))


def _labels(facts: Facts) -> Measured:
    printed, items = facts.numbers["labelled"], facts.numbers["items"]
    return Measured(printed > 0, msg("items with a printed label: %(n)s of %(all)s", n=printed, all=items))


def _mail(facts: Facts) -> Measured:
    if not facts.settings.smtp_url:
        return Measured(False, msg("no mail server is set; mail is written to files"))
    return Measured(facts.numbers["mails_sent"] > 0, msg("mails sent: %(n)s", n=facts.numbers["mails_sent"]))


def _backup(facts: Facts) -> Measured:
    if facts.proven_at is None:
        return Measured(False, msg("none has been proven"))
    return Measured(True, msg("the last proven one is of %(at)s UTC", at=f"{facts.proven_at:%Y-%m-%d %H:%M}"))


STEPS: tuple[Step, ...] = (
    Step(
        "time_zone", msg("Time zone"), msg("Days and months in every figure begin at midnight of it."),
        _time_zone, command="assets setup --timezone Asia/Tashkent",
    ),
    Step(
        "address", msg("Address that phones reach, over HTTPS"),
        msg("Links in mail and on labels lead there, and phones give the camera to the scanner over HTTPS only."),
        _address, command="assets setup --tls yes --base-url https://…",
    ),
    Step(
        "backup", msg("A proven backup"),
        msg("A backup counts when it was restored and counted; until then one broken disk takes everything."),
        _backup, href="/admin/backups", command="assets backup", can_be_skipped=False,
    ),
    Step(
        "units", msg("Units"), msg("Every item, person and right belongs to a unit."),
        _counted("units", msg("units: %(n)s")), href="/admin/units", can_be_skipped=False,
    ),
    Step(
        "organisations", msg("Agencies and donors"), msg("A grant names its donor, an act the agencies that receive."),
        _organisations, href="/admin/organisations",
    ),
    Step(
        "persons", msg("Persons"), msg("Equipment is issued to persons, by service number; most need no account."),
        _counted("persons", msg("persons: %(n)s")), href="/import?kind=persons",
    ),
    Step(
        "accounts", msg("An account for each role"), msg("Some work can only be done by these roles."),
        _roles, href="/admin/accounts/new", can_be_skipped=False,
    ),
    Step(
        "second_administrator", msg("A second administrator"),
        msg("Nobody can change or reopen the only administrator's account."),
        _second_administrator, href="/admin/accounts/new",
    ),
    Step(
        "grants", msg("The first grant"), msg("Summaries speak of a grant: what was promised and what came of it."),
        _counted("grants", msg("grants: %(n)s")), href="/grants",
    ),
    Step(
        "batch", msg("The first round"), msg("What was handed over together, with its act and value."),
        _counted("batches", msg("rounds: %(n)s")), href="/batches",
    ),
    Step(
        "items", msg("Items in the register"),
        msg("New ones come with a round; older ones with their opening balances."),
        _counted("items", msg("items: %(n)s")), href="/import?kind=assets",
    ),
    Step(
        "labels", msg("Labels printed"), msg("A label is how a phone finds the item."),
        _labels, href="/labels",
    ),
    Step(
        "plans", msg("Service and calibration plans"),
        msg("Each item takes the plans of its class when it is entered; look whether the intervals are yours."),
        _counted("plans", msg("plans: %(n)s")), href="/maintenance",
    ),
    Step(
        "trackers", msg("Trackers"), msg("A tracker counts kilometres and engine hours, and shows where help is."),
        _counted("trackers", msg("trackers in vehicles: %(n)s")), href="/trackers",
    ),
    Step(
        "mail", msg("Mail"), msg("Without it nobody hears of what is due or of silent trackers."),
        _mail, command="assets setup --smtp-url smtps://…",
    ),
)  # fmt: skip
BY_NAME = {step.name: step for step in STEPS}


def steps(session: Session, settings: Settings, now: datetime) -> list[StepState]:
    """Every step as it stands, in three queries."""
    facts = Facts(settings, _numbers(session), role_counts(session, now), log.last_proven(settings.data_dir))
    skipped = {row.step: row.reason for row in session.scalars(select(SetupSkip))}
    found = []
    for step in STEPS:
        measured = step.measure(facts)
        reason = "" if measured.done else skipped.get(step.name, "")
        found.append(StepState(step, measured.done, measured.present, reason))
    return found


def _numbers(session: Session) -> Mapping[str, int]:
    """All counts in one statement."""

    def count(column: InstrumentedAttribute[Any], *conditions: Any) -> Any:
        return select(func.count(column)).where(*conditions).scalar_subquery()

    row = session.execute(
        select(
            count(Unit.id, Unit.active).label("units"),
            count(Organisation.id, Organisation.active, Organisation.kind == "agency").label("agencies"),
            count(Organisation.id, Organisation.active, Organisation.kind == "donor").label("donors"),
            count(Person.id, Person.left_on.is_(None)).label("persons"),
            count(Grant.id).label("grants"),
            count(HandoverBatch.id).label("batches"),
            count(Asset.id, Asset.annulled_at.is_(None)).label("items"),
            count(
                Asset.id, Asset.annulled_at.is_(None),
                select(Label.code).where(Label.asset_id == Asset.id, Label.printed_at.is_not(None)).exists(),
            ).label("labelled"),
            count(MaintenancePlan.id, MaintenancePlan.active).label("service_plans"),
            count(CalibrationPlan.id, CalibrationPlan.active).label("calibration_plans"),
            count(
                TrackerInstallation.id, TrackerInstallation.ended_at.is_(None),
                select(Tracker.id)
                .where(Tracker.id == TrackerInstallation.tracker_id, Tracker.revoked_at.is_(None))
                .exists(),
            ).label("trackers"),
            count(OutboxMail.id, OutboxMail.sent_at.is_not(None)).label("mails_sent"),
        )
    ).one()._asdict()  # fmt: skip
    return {**row, "plans": row["service_plans"] + row["calibration_plans"]}


def skip(session: Session, actor: Actor, name: str, reason: str, now: datetime) -> None:
    """Say that a step is not needed here, with the reason; an empty one says that it is needed after all."""
    require(actor, Permission.ACCOUNT_MANAGE)
    step, reason = BY_NAME.get(name), " ".join(reason.split())
    if step is None:
        raise invalid("step", msg("There is no such step."))
    if not step.can_be_skipped and reason:
        raise RuleViolation(msg("This step cannot be left out."), code="step_needed")
    if len(reason) > MAX_REASON:
        raise invalid("reason", msg("This is too long: at most %(n)s characters.", n=MAX_REASON), code="too_long")
    row = session.scalar(select(SetupSkip).where(SetupSkip.step == name))
    if row is None:
        row = SetupSkip(step=name)
        session.add(row)
    row.reason, row.at, row.account_id = reason, now, actor.account_id
    session.flush()


def queue_test_mail(session: Session, actor: Actor, settings: Settings, now: datetime) -> str:
    """Put a test mail to the actor's own address into the outbox; answers the address."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = session.get(Account, actor.account_id) if actor.account_id is not None else None
    address = account.email or (account.person.email if account.person else "") if account is not None else ""
    if not address:
        raise invalid("email", msg("Your account has no mail address; another administrator can set it."))
    queue_mail(
        session, dedupe_key=f"{TEST_MAIL}{actor.account_id}:{now.isoformat()}", recipient=address,
        subject=f"Test: {urlsplit(settings.base_url).hostname}",
        body=f"Mail from {settings.base_url} arrives.\n", now=now,
    )  # fmt: skip
    return address


def last_test_mail(session: Session) -> OutboxMail | None:
    """The newest test mail: sent, waiting, or failed with its error."""
    return session.scalar(
        select(OutboxMail).where(OutboxMail.dedupe_key.startswith(TEST_MAIL)).order_by(OutboxMail.id.desc()).limit(1)
    )
