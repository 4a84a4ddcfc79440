"""The doctor on accounts: the roles that the work needs are held, and nobody who left can still sign in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from sqlalchemy import func, select

from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.people.models import Account, Person
from assets.people.queries import role_counts
from assets.people.rules import ROLE_NAMES, Role
from assets.safekeeping.doctor.findings import Finding, Site, Subject

NEEDED = (Role.COORDINATOR, Role.APPROVER, Role.LOGISTICS_OFFICER, Role.TECHNICIAN)
"""Without one of these some daily work cannot be done by anybody."""

ACCOUNTS = Subject("accounts", msg("accounts"))


def roles_listed(roles: Sequence[Role]) -> Message:
    """The names of at least one role, with commas."""
    names = [ROLE_NAMES[role] for role in roles]
    return reduce(lambda first, last: msg("%(first)s, %(last)s", first=first, last=last), names)


def accounts(site: Site) -> Iterator[Finding]:
    """Two administrators, somebody in each needed role, and no open account of a person who left."""
    with site.opened.reading() as session:
        held = role_counts(session, site.now)
        left = session.scalar(
            select(func.count())
            .select_from(Account)
            .join(Person, Person.id == Account.person_id)
            .where(Account.active, Person.left_on <= local_date(site.now, site.settings.zone))
        )
    administrators = held.get(Role.ADMINISTRATOR, 0)
    empty = [role for role in NEEDED if not held.get(role)]
    if not administrators:
        yield ACCOUNTS.mend(msg("there is no administrator: `assets setup` adds one"))
    if administrators == 1:
        yield ACCOUNTS.look(msg("there is one administrator only: when that person is away, nobody can help"))
    if empty:
        yield ACCOUNTS.look(msg("nobody has the role: %(roles)s", roles=roles_listed(empty)))
    if left:
        yield ACCOUNTS.mend(msg("%(n)s accounts are open whose persons have left: close them", n=left))
    if administrators > 1 and not empty and not left:
        yield ACCOUNTS.well(msg("%(n)s administrators, and every role that is needed is held", n=administrators))
