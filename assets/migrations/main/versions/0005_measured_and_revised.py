"""Who measured the distance and why it was estimated, what was revised, and decisions on flagged samples.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import assets.core.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WAITING = sa.text("NOT marked")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    moment = assets.core.db.UtcDateTime(timezone=True)
    for table in ("trip", "tracker_day"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("can_m", sa.Float(), server_default=sa.text("0"), nullable=False))
            batch_op.add_column(sa.Column("device_m", sa.Float(), server_default=sa.text("0"), nullable=False))
            batch_op.add_column(sa.Column("gaps", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "day_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revised_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before_m", sa.Float(), nullable=False),
        sa.Column("after_m", sa.Float(), nullable=False),
        sa.Column("late_samples", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('late_data', 'flag_decided', 'tracker_moved', 'derived_anew')",
            name=op.f("ck_day_revision_reason_known"),
        ),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_day_revision_tracker_id")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_day_revision_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_revision")),
    )
    with op.batch_alter_table("day_revision", schema=None) as batch_op:
        batch_op.create_index("ix_day_revision_tracker_id_day", ["tracker_id", "day"], unique=False)
        batch_op.create_index("ix_day_revision_asset_id_day", ["asset_id", "day"], unique=False)
    op.create_table(
        "flag_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("life", sa.String(length=8), nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("flag", sa.String(length=24), nullable=False),
        sa.Column("genuine", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("event_at", moment, nullable=False),
        sa.Column("decided_at", moment, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("marked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_flag_decision_has_a_reason")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_flag_decision_tracker_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_flag_decision_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_decision")),
    )
    with op.batch_alter_table("flag_decision", schema=None) as batch_op:
        batch_op.create_index("ix_flag_decision_tracker_id_id", ["tracker_id", "id"], unique=False)
        batch_op.create_index(
            "ix_flag_decision_waiting", ["id"], unique=False, sqlite_where=WAITING, postgresql_where=WAITING
        )


def downgrade() -> None:
    op.drop_table("flag_decision")
    op.drop_table("day_revision")
    for table in ("tracker_day", "trip"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in ("gaps", "device_m", "can_m"):
                batch_op.drop_column(column)
