"""Who may do what: the roles, the permissions and the one table that joins them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assets.core.actor import Actor, GrantedRole
from assets.core.errors import NotAllowed, RuleViolation, invalid
from assets.core.i18n import Message, msg


class Role(StrEnum):
    """The roles, as named in the interfaces."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    APPROVER = "approver"
    COMMANDER = "commander"
    LOGISTICS_OFFICER = "logistics_officer"
    OFFICER = "officer"
    TECHNICIAN = "technician"
    MONITOR = "monitor"
    DONOR = "donor"
    AUDITOR = "auditor"


ROLE_NAMES: Mapping[str, Message] = {
    "administrator": msg("Administrator"),
    "coordinator": msg("Coordinator"),
    "approver": msg("Approver"),
    "commander": msg("Commander"),
    "logistics_officer": msg("Logistics officer"),
    "officer": msg("Officer"),
    "technician": msg("Technician"),
    "monitor": msg("Monitor"),
    "donor": msg("Donor"),
    "auditor": msg("Auditor"),
}


class Permission(StrEnum):
    """What a route or a service asks for."""

    ASSET_READ = "asset.read"
    ASSET_IDENTITY = "asset.identity"  # serial number, VIN, plate
    ASSET_WRITE = "asset.write"
    GRANT_WRITE = "grant.write"  # grants and what was promised of them
    BATCH_WRITE = "batch.write"  # handover batches, models
    IMPORT_RUN = "import.run"
    LABEL_PRINT = "label.print"
    CUSTODY_SEE = "custody.see"  # who has it, by name
    CUSTODY_ACT = "custody.act"  # issue and return
    CUSTODY_OVERRIDE = "custody.override"  # issue what is not fit, with a reason
    CONFLICT_READ = "conflict.read"  # entries that contradict each other
    CONFLICT_SETTLE = "conflict.settle"  # but not where one is a party
    CONFLICT_SETTLE_ANY = "conflict.settle_any"  # also there
    FIELD_REPORT = "field.report"  # sighting, condition, fault, reading, use, check
    KIT_USE = "kit.use"  # what is used up out of kits
    VEHICLE_REPORT = "vehicle.report"  # fuel and accidents of vehicles: amounts of money among them
    PERSON_READ = "person.read"
    PERSON_WRITE = "person.write"
    ACCOUNT_MANAGE = "account.manage"
    ORGANISATION_WRITE = "organisation.write"
    WORK_READ = "work.read"
    WORK_WRITE = "work.write"
    PLAN_WRITE = "plan.write"
    CALIBRATION_READ = "calibration.read"
    CALIBRATION_WRITE = "calibration.write"
    STOCK_READ = "stock.read"  # lots of consumables
    STOCK_WRITE = "stock.write"
    DISPOSAL_PROPOSE = "disposal.propose"  # withdraw, propose, open an inquiry, carry out
    DISPOSAL_DECIDE = "disposal.decide"  # enter the board's decision
    OPERATION_READ = "operation.read"
    OPERATION_WRITE = "operation.write"
    OPERATION_CLOSE = "operation.close"  # close, and correct what is closed
    READINESS_READ = "readiness.read"
    BACKUP_MANAGE = "backup.manage"
    TRACKER_READ = "tracker.read"  # presence, completeness, distance; no coordinates
    TRACKER_MANAGE = "tracker.manage"
    ALARM_HANDLE = "alarm.handle"  # take an alarm on, close it with words
    TRIP_READ = "trip.read"  # who drove when and how far: names beside trips, no places
    POSITION_READ = "position.read"
    SILENCE_MANAGE = "silence.manage"  # silent windows of vehicles: see, open, extend and end them
    TRACKER_COMMAND = "tracker.command"  # orders to trackers
    PLACE_WRITE = "place.write"  # draw depots and other places; to see them is position.read
    UTILISATION_READ = "utilisation.read"
    SUMMARY_READ = "summary.read"  # released summaries
    SUMMARY_READ_DRAFT = "summary.read_draft"  # see drafts, and what was withdrawn
    SUMMARY_DRAFT = "summary.draft"  # make drafts and write their words
    SUMMARY_APPROVE = "summary.approve"
    JOURNAL_READ = "journal.read"
    JOB_RUN = "job.run"
    PARTS_READ = "parts.read"  # the page that shows the product's own building parts


_READERS = (
    Role.ADMINISTRATOR,
    Role.COORDINATOR,
    Role.APPROVER,
    Role.COMMANDER,
    Role.LOGISTICS_OFFICER,
    Role.OFFICER,
    Role.TECHNICIAN,
    Role.MONITOR,
    Role.AUDITOR,
)
_KEEPERS = (Role.ADMINISTRATOR, Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER)

POLICY: dict[Permission, frozenset[Role]] = {
    Permission.ASSET_READ: frozenset(_READERS),
    Permission.ASSET_IDENTITY: frozenset(set(_READERS) - {Role.APPROVER}),
    Permission.ASSET_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER}),
    Permission.GRANT_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR}),
    Permission.BATCH_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER}),
    Permission.IMPORT_RUN: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER}),
    Permission.LABEL_PRINT: frozenset(_KEEPERS),
    Permission.CUSTODY_SEE: frozenset({*_KEEPERS, Role.OFFICER, Role.MONITOR, Role.AUDITOR}),
    Permission.CUSTODY_ACT: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER}),
    Permission.CUSTODY_OVERRIDE: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER}),
    Permission.CONFLICT_READ: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.AUDITOR}),
    Permission.CONFLICT_SETTLE: frozenset({Role.COORDINATOR, Role.COMMANDER}),
    Permission.CONFLICT_SETTLE_ANY: frozenset({Role.COORDINATOR}),
    Permission.FIELD_REPORT: frozenset(
        {Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER, Role.TECHNICIAN, Role.MONITOR}
    ),
    # A monitor looks and counts: he uses nothing up, and enters neither bills nor what happened on the road.
    Permission.KIT_USE: frozenset(
        {Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER, Role.TECHNICIAN}
    ),
    Permission.VEHICLE_REPORT: frozenset(
        {Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER, Role.TECHNICIAN}
    ),
    Permission.PERSON_READ: frozenset({*_KEEPERS, Role.OFFICER, Role.AUDITOR}),
    Permission.PERSON_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER}),
    Permission.ACCOUNT_MANAGE: frozenset({Role.ADMINISTRATOR}),
    Permission.ORGANISATION_WRITE: frozenset({Role.ADMINISTRATOR}),
    Permission.WORK_READ: frozenset(set(_READERS) - {Role.APPROVER}),
    Permission.WORK_WRITE: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.TECHNICIAN}),
    Permission.PLAN_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER, Role.TECHNICIAN}),
    Permission.CALIBRATION_READ: frozenset(set(_READERS) - {Role.APPROVER}),
    Permission.CALIBRATION_WRITE: frozenset({Role.TECHNICIAN}),
    Permission.STOCK_READ: frozenset({*_KEEPERS, Role.OFFICER, Role.TECHNICIAN, Role.MONITOR, Role.AUDITOR}),
    Permission.STOCK_WRITE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.LOGISTICS_OFFICER}),
    Permission.DISPOSAL_PROPOSE: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER}),
    Permission.DISPOSAL_DECIDE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR}),
    Permission.OPERATION_READ: frozenset(
        {Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER, Role.AUDITOR}
    ),
    Permission.OPERATION_WRITE: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.OFFICER}),
    Permission.OPERATION_CLOSE: frozenset({Role.COORDINATOR, Role.COMMANDER}),
    Permission.READINESS_READ: frozenset({Role.COORDINATOR}),
    Permission.BACKUP_MANAGE: frozenset({Role.ADMINISTRATOR}),
    Permission.TRACKER_READ: frozenset({*_KEEPERS, Role.TECHNICIAN, Role.AUDITOR}),
    # Names beside trips: for who leads the drivers or keeps the vehicles, and for the audit; not for who only repairs.
    Permission.TRIP_READ: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER, Role.AUDITOR}),
    Permission.TRACKER_MANAGE: frozenset({Role.ADMINISTRATOR, Role.COORDINATOR}),
    Permission.ALARM_HANDLE: frozenset({Role.COORDINATOR, Role.COMMANDER, Role.LOGISTICS_OFFICER}),
    Permission.POSITION_READ: frozenset({Role.COORDINATOR, Role.COMMANDER}),
    # That a vehicle is silent tells of an operation: known to who may know where it is.
    Permission.SILENCE_MANAGE: frozenset({Role.COORDINATOR, Role.COMMANDER}),
    Permission.TRACKER_COMMAND: frozenset({Role.COORDINATOR}),
    Permission.PLACE_WRITE: frozenset({Role.COORDINATOR, Role.COMMANDER}),
    Permission.UTILISATION_READ: frozenset({*_KEEPERS, Role.APPROVER, Role.MONITOR, Role.AUDITOR}),
    Permission.SUMMARY_READ: frozenset({Role.DONOR, Role.COORDINATOR, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR}),
    Permission.SUMMARY_READ_DRAFT: frozenset({Role.COORDINATOR, Role.APPROVER, Role.AUDITOR}),
    Permission.SUMMARY_DRAFT: frozenset({Role.COORDINATOR, Role.APPROVER}),
    Permission.SUMMARY_APPROVE: frozenset({Role.APPROVER}),
    Permission.JOURNAL_READ: frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    Permission.JOB_RUN: frozenset({Role.ADMINISTRATOR}),
    Permission.PARTS_READ: frozenset({Role.ADMINISTRATOR}),
}

SCOPES_OF_ROLE: dict[Role, frozenset[str]] = {
    Role.DONOR: frozenset({"donor"}),
    Role.APPROVER: frozenset({"everything"}),
    Role.ADMINISTRATOR: frozenset({"everything"}),
    Role.COMMANDER: frozenset({"unit"}),
}
ANY_AREA = frozenset({"everything", "region", "unit"})

LOGIN_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256


@dataclass(frozen=True)
class Reach:
    """How far a permission reaches for one actor: everything, or these units, regions and donors."""

    everything: bool = False
    unit_ids: frozenset[int] = frozenset()
    region_ids: frozenset[int] = frozenset()
    donor_ids: frozenset[int] = frozenset()

    @property
    def is_nothing(self) -> bool:
        return not (self.everything or self.unit_ids or self.region_ids or self.donor_ids)


EVERYTHING = Reach(everything=True)


def reach(actor: Actor, permission: Permission) -> Reach:
    """Where `actor` holds `permission`; the product's own actors hold every permission everywhere."""
    if actor.is_system:
        return EVERYTHING
    grants = [grant for grant in actor.grants if Role(grant.role) in POLICY[permission]]
    if any(grant.scope_kind == "everything" for grant in grants):
        return EVERYTHING

    def ids(kind: str) -> frozenset[int]:
        return frozenset(g.scope_id for g in grants if g.scope_kind == kind and g.scope_id is not None)

    return Reach(False, ids("unit"), ids("region"), ids("donor"))


def may(actor: Actor, permission: Permission) -> bool:
    """Whether `actor` holds `permission` anywhere at all."""
    return not reach(actor, permission).is_nothing


def require(actor: Actor, permission: Permission) -> None:
    """`NotAllowed` unless `actor` holds `permission` somewhere."""
    if not may(actor, permission):
        raise NotAllowed


def check_grant(role: Role, scope_kind: str) -> None:
    """`RuleViolation` when a role cannot be granted for such a scope (a donor sees one donor, never a unit)."""
    if scope_kind not in SCOPES_OF_ROLE.get(role, ANY_AREA):
        raise RuleViolation(
            msg("The role %(role)s cannot be granted for this scope.", role=role.value), code="scope_not_for_role"
        )


def check_login(login: str) -> str:
    """The login in its stored form (lower case); `InvalidInput` otherwise."""
    login = login.strip().lower()
    if not LOGIN_PATTERN.fullmatch(login):
        raise invalid("login", msg("A login has 2 to 64 characters: a-z, 0-9, dot, hyphen, underscore."))
    return login


def check_password(password: str, login: str) -> None:
    """`InvalidInput` for passwords that are short, endless, or the login itself."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise invalid("password", msg("A password has at least %(n)s characters.", n=MIN_PASSWORD_LENGTH))
    if len(password) > MAX_PASSWORD_LENGTH:
        raise invalid("password", msg("A password has at most %(n)s characters.", n=MAX_PASSWORD_LENGTH))
    if login in password.lower() or len(set(password)) < 5:
        raise invalid("password", msg("This password is too easy to guess."))


def granted(role: Role, scope_kind: str, scope_id: int | None) -> GrantedRole:
    """The value that an `Actor` carries for a valid grant."""
    return GrantedRole(role.value, scope_kind, scope_id)
