"""When ingest was connected to the broker.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "listening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_ms", BIG, nullable=False),
        sa.Column("until_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listening")),
        schema="telemetry",
    )
    op.create_index("ix_listening_until_ms", "listening", ["until_ms"], unique=False, schema="telemetry")


def downgrade() -> None:
    op.drop_table("listening", schema="telemetry")
