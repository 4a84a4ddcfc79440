"""Flags that only the neighbours of a sample tell.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sample_doubt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("event_ms", BIG, nullable=False),
        sa.Column("flag", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["telemetry.device.id"], name=op.f("fk_sample_doubt_device_id")),
        sa.ForeignKeyConstraint(["boot_id"], ["telemetry.boot.id"], name=op.f("fk_sample_doubt_boot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_doubt")),
        sa.UniqueConstraint("boot_id", "seq", "flag", name=op.f("uq_sample_doubt_boot_id_seq_flag")),
        schema="telemetry",
    )
    with op.batch_alter_table("sample_doubt", schema="telemetry") as batch_op:
        batch_op.create_index("ix_sample_doubt_device_id_event_ms", ["device_id", "event_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("sample_doubt", schema="telemetry")
