"""Tables of organisations, regions, units, persons, accounts, role grants, sign-ins and API tokens."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Raw


class Organisation(Base):
    """An agency, a donor, an implementing agency or a workshop."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("kind IN ('agency','donor','implementing_agency','workshop')", name="kind_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)


class Region(Base):
    """A territorial unit of the country (ISO 3166-2), with its names and the centre town for display."""

    __tablename__ = "region"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    name_en: Mapped[str] = mapped_column(String(120))
    name_uz: Mapped[str] = mapped_column(String(120))
    name_uz_cyrl: Mapped[str] = mapped_column(String(120), default="")
    name_ru: Mapped[str] = mapped_column(String(120))
    name_ja: Mapped[str] = mapped_column(String(120), default="")
    centre: Mapped[str] = mapped_column(String(120), default="")
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)


class Unit(Base):
    """A team, coordination team, liaison office, workshop or store; lies in a region."""

    __tablename__ = "unit"
    __table_args__ = (CheckConstraint("kind IN ('imt','oct','blo','workshop','store')", name="kind_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), default="imt")
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)

    region: Mapped[Region] = relationship()


class Person(Base):
    """Somebody who holds or uses equipment; need not have an account. `number` is the service number."""

    __tablename__ = "person"
    __private__ = frozenset({"name", "email", "phone"})

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    left_on: Mapped[date | None]

    unit: Mapped[Unit] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


class Account(Base):
    """A login. Ending it or changing its password ends its sign-ins and tokens at once."""

    __tablename__ = "account"
    __private__ = frozenset({"password_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    locale: Mapped[str] = mapped_column(String(8), default="en")
    email: Mapped[str] = mapped_column(String(254), default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person | None] = relationship()
    grants: Mapped[list[RoleGrant]] = relationship(back_populates="account", order_by="RoleGrant.id")


class RoleGrant(Base):
    """A role of an account for a unit, a region, a donor or everything, with its dates (half-open)."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN region_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN donor_id IS NULL THEN 0 ELSE 1 END) <= 1",
            name="one_scope",
        ),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    valid_from: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship(back_populates="grants")
    unit: Mapped[Unit | None] = relationship()
    region: Mapped[Region | None] = relationship()
    donor: Mapped[Organisation | None] = relationship()


class SignIn(Raw, Base):
    """A session on the server: the cookie holds its secret, the row only the secret's hash."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()


class LoginFailure(Raw, Base):
    """Failed log-ins of a login name or an address, counted for the lockout."""

    __tablename__ = "login_failure"
    __table_args__ = (UniqueConstraint("subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(140))
    count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """A token of an account: shown once, kept as a hash."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_account_id_ended_at", "account_id", "ended_at"),)
    __private__ = frozenset({"secret_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()

    def is_open(self, now: datetime) -> bool:
        """Whether it still opens anything, as long as its account is open."""
        return self.ended_at is None and (self.expires_at is None or self.expires_at > now)


class PersonPin(Base):
    """The PIN by which a person confirms on somebody else's phone; kept as a hash, '' when it was taken away.

    `wrong`: how often another was given since it was last right, and when.
    """

    __tablename__ = "person_pin"
    __table_args__ = (CheckConstraint("wrong >= 0", name="wrong_counted"),)
    __private__ = frozenset({"pin_hash"})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    pin_hash: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wrong: Mapped[int] = mapped_column(Integer, default=0)
    wrong_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()
