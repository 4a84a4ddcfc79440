"""Guests: logins of other people's devices and servers, and the trackers that each may speak for.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import assets.core.db
from assets.migrations import checks

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = assets.core.db.UtcDateTime(timezone=True)
    checks.widen(op.get_bind(), checks.GUESTS)
    op.create_table(
        "guest_account",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("secret_at", moment, nullable=False),
        sa.CheckConstraint("format IN ('owntracks','traccar','teltonika')", name=op.f("ck_guest_account_format_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_account")),
        sa.UniqueConstraint("topic", name=op.f("uq_guest_account_topic")),
    )
    op.create_table(
        "guest_binding",
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=340), nullable=False),
        sa.Column("cleared_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["guest_account.id"], name=op.f("fk_guest_binding_account_id")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_guest_binding_tracker_id")),
        sa.PrimaryKeyConstraint("tracker_id", name=op.f("pk_guest_binding")),
        sa.UniqueConstraint("source", name=op.f("uq_guest_binding_source")),
    )
    with op.batch_alter_table("guest_binding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guest_binding_account_id"), ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_table("guest_binding")
    op.drop_table("guest_account")
