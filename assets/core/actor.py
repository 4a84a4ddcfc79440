"""Who acts: a value that a door makes and every service is given; below the web there is no "current user"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GrantedRole:
    """A role that is valid now, for a unit, a region, a donor or everything.

    `scope_kind` is 'everything', 'unit', 'region' or 'donor'; `scope_id` the id in people's tables.
    """

    role: str
    scope_kind: str
    scope_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who does something, with the roles valid at this moment and where the request came from.

    `kind`: 'account' for a person who signed in, 'system' for a job, the command line or the set-up.
    `name` stands in the journal for system actors; accounts stand there by id.
    """

    kind: str
    name: str
    account_id: int | None = None
    person_id: int | None = None
    grants: tuple[GrantedRole, ...] = ()
    origin: str = ""

    @property
    def is_system(self) -> bool:
        return self.kind == "system"

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.grants)


def system_actor(name: str) -> Actor:
    """The product itself: `name` says which part (for example 'job:day_roll_up', 'command line')."""
    return Actor(kind="system", name=name, origin=name)
