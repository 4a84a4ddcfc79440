"""Commands to trackers, and silent windows.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import assets.core.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('waiting','sent')")
ONE_AT_A_TIME = sa.text("cmd IN ('server','reboot') AND state IN ('waiting','sent')")


def upgrade() -> None:
    moment = assets.core.db.UtcDateTime(timezone=True)
    op.create_table(
        "silence_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence_version")),
    )
    op.create_table(
        "silent_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_silent_window_times_in_order")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_silent_window_has_a_reason")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at <= ends_at", name=op.f("ck_silent_window_ended_within")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_silent_window_asset_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["account.id"], name=op.f("fk_silent_window_given_by_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["account.id"], name=op.f("fk_silent_window_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silent_window")),
    )
    with op.batch_alter_table("silent_window", schema=None) as batch_op:
        batch_op.create_index("ix_silent_window_asset_id_starts_at", ["asset_id", "starts_at"], unique=False)
        batch_op.create_index("ix_silent_window_ends_at", ["ends_at"], unique=False)
    op.create_table(
        "tracker_command",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("cmd", sa.String(length=16), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.String(length=400), nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("times_sent", sa.Integer(), nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "cmd IN ('config','locate','silent','resend','server','reboot')", name=op.f("ck_tracker_command_cmd_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting','sent','done','failed','expired','cancelled')",
            name=op.f("ck_tracker_command_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting','sent') OR secrets = ''", name=op.f("ck_tracker_command_secrets_end_with_it")
        ),
        sa.CheckConstraint("expires_at > given_at", name=op.f("ck_tracker_command_expires_later")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_tracker_command_tracker_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["account.id"], name=op.f("fk_tracker_command_given_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracker_command")),
        sa.UniqueConstraint("uuid", name=op.f("uq_tracker_command_uuid")),
    )
    with op.batch_alter_table("tracker_command", schema=None) as batch_op:
        batch_op.create_index("ix_tracker_command_tracker_id_id", ["tracker_id", "id"], unique=False)
        batch_op.create_index(
            "ix_tracker_command_open", ["state"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN
        )
        batch_op.create_index(
            "uq_tracker_command_one_at_a_time",
            ["tracker_id"],
            unique=True,
            sqlite_where=ONE_AT_A_TIME,
            postgresql_where=ONE_AT_A_TIME,
        )


def downgrade() -> None:
    op.drop_table("tracker_command")
    op.drop_table("silent_window")
    op.drop_table("silence_version")
