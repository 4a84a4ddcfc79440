"""Organisations, regions and units."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation, Region, Unit
from assets.people.rules import Permission, require
from assets.people.service.texts import filled, read_code

ORGANISATION_KINDS = ("agency", "donor", "implementing_agency", "workshop")
UNIT_KINDS = ("imt", "oct", "blo", "workshop", "store")


def add_organisation(session: Session, actor: Actor, *, code: str, kind: str, name: str) -> Organisation:
    """A new agency, donor, implementing agency or workshop."""
    require(actor, Permission.ORGANISATION_WRITE)
    code, name = read_code(code), filled("name", name)
    _check_kind(kind, ORGANISATION_KINDS)
    _check_free(session, Organisation.code, code)
    organisation = Organisation(code=code, kind=kind, name=name)
    session.add(organisation)
    session.flush()
    return organisation


def add_region(session: Session, actor: Actor, **values: object) -> Region:
    """A territorial unit; the same code again changes nothing and gives the known one."""
    require(actor, Permission.ORGANISATION_WRITE)
    known = session.scalar(select(Region).where(Region.code == values["code"]))
    if known is not None:
        return known
    region = Region(**values)
    session.add(region)
    session.flush()
    return region


def add_unit(session: Session, actor: Actor, *, code: str, name: str, region: Region, kind: str = "imt") -> Unit:
    """A new unit in a region."""
    require(actor, Permission.ORGANISATION_WRITE)
    code, name = read_code(code), filled("name", name)
    _check_kind(kind, UNIT_KINDS)
    _check_free(session, Unit.code, code)
    unit = Unit(code=code, name=name, kind=kind, region=region)
    session.add(unit)
    session.flush()
    return unit


def _check_kind(kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise invalid("kind", msg("The kind is one of: %(kinds)s.", kinds=", ".join(known)))


def _check_free(session: Session, codes: InstrumentedAttribute[str], code: str) -> None:
    if session.scalar(select(codes).where(codes == code)) is not None:
        raise Conflict(msg("The code %(code)s is taken.", code=code), code="code_taken")
