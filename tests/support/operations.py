"""Operations in tests: short ways to record and read them as somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.operations.models import Operation
from assets.operations.queries import operation_by_id
from assets.operations.rules.fields import parse_operation
from assets.operations.service import (
    annul_operation,
    change_operation,
    close_operation,
    correct_operation,
    record_operation,
)
from assets.people.rules import Permission
from tests.support.world import Clock, World

PATROL: dict[str, Any] = {"kind": "patrol", "unit": "IMT-TK", "starts_on": "2026-10-28"}
JOINT: dict[str, Any] = {**PATROL, "kind": "joint_operation", "agencies": ["MIA", "CUSTOMS"]}


@dataclass
class Operations:
    """Acts on operations by a login, each in a transaction of its own at the clock's time."""

    app: App
    world: World
    clock: Clock

    @contextmanager
    def by(self, login: str) -> Iterator[tuple[Session, Actor]]:
        actor = self.world.actors[login]
        with self.app.transaction(actor, self.clock.now) as session:
            yield session, actor

    def record(self, login: str = "commander", *, closed: bool = False, **values: Any) -> int:
        """Records a patrol of IMT-TK unless told otherwise; answers its id."""
        with self.by(login) as (session, actor):
            draft = parse_operation({**PATROL, **values, "closed": closed})
            return record_operation(session, actor, draft, self.clock.now).id

    def close(self, operation_id: int, login: str = "commander", **options: Any) -> None:
        with self.held(operation_id, login, Permission.OPERATION_CLOSE) as (session, actor, operation):
            close_operation(session, actor, operation, self.clock.now, **options)

    def change(self, operation_id: int, login: str = "commander", version: int | None = None, **values: Any) -> None:
        draft = parse_operation(values, partial=True)
        with self.held(operation_id, login) as (session, actor, operation):
            change_operation(session, actor, operation, draft, self.clock.now, version)

    def correct(self, operation_id: int, reason: str, login: str = "commander", **values: Any) -> None:
        draft = parse_operation(values, partial=True)
        with self.held(operation_id, login) as (session, actor, operation):
            correct_operation(session, actor, operation, draft, reason, self.clock.now)

    def annul(self, operation_id: int, reason: str, login: str = "commander") -> None:
        with self.held(operation_id, login) as (session, actor, operation):
            annul_operation(session, actor, operation, reason, self.clock.now)

    @contextmanager
    def held(
        self, operation_id: int, login: str = "commander", permission: Permission = Permission.OPERATION_WRITE
    ) -> Iterator[tuple[Session, Actor, Operation]]:
        """The operation, locked for a change by `login`."""
        with self.by(login) as (session, actor):
            yield session, actor, operation_by_id(session, actor, operation_id, permission, lock=True)

    @contextmanager
    def read(self, operation_id: int, login: str = "commander") -> Iterator[Operation]:
        with self.app.reading() as session:
            yield operation_by_id(session, self.world.actors[login], operation_id)
