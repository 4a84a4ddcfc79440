"""A tracker's year: its inventory, distrust since a time, and secrets that go by command.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import assets.core.db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = {
    "vendor": 60, "model": 60, "serial": 60, "imei": 15, "iccid": 20, "msisdn": 16, "sim_operator": 40, "note": 400,
}  # fmt: skip
STANDING = sa.text("taken_back_at IS NULL")
OPEN = sa.text("state IN ('ordered','tried')")


def upgrade() -> None:
    moment = assets.core.db.UtcDateTime(timezone=True)
    with op.batch_alter_table("tracker", schema=None) as batch_op:
        for name, length in COLUMNS.items():
            batch_op.add_column(sa.Column(name, sa.String(length=length), server_default="", nullable=False))
    with op.batch_alter_table("tracker", schema=None) as batch_op:
        for name in ("imei", "iccid"):
            where = sa.text(f"{name} <> ''")
            batch_op.create_index(f"uq_tracker_{name}", [name], unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "tracker_distrust",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("given_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_back_at", moment, nullable=True),
        sa.Column("taken_back_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_back_because", sa.String(length=200), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_tracker_distrust_has_a_reason")),
        sa.CheckConstraint(
            "(taken_back_at IS NULL) = (taken_back_because = '')",
            name=op.f("ck_tracker_distrust_taken_back_with_a_reason"),
        ),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_tracker_distrust_tracker_id")),
        sa.ForeignKeyConstraint(["given_by_id"], ["account.id"], name=op.f("fk_tracker_distrust_given_by_id")),
        sa.ForeignKeyConstraint(
            ["taken_back_by_id"], ["account.id"], name=op.f("fk_tracker_distrust_taken_back_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracker_distrust")),
    )
    with op.batch_alter_table("tracker_distrust", schema=None) as batch_op:
        batch_op.create_index("ix_tracker_distrust_tracker_id_id", ["tracker_id", "id"], unique=False)
        batch_op.create_index(
            "uq_tracker_distrust_standing",
            ["tracker_id"],
            unique=True,
            sqlite_where=STANDING,
            postgresql_where=STANDING,
        )
    op.create_table(
        "tracker_rotation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("command_uuid", sa.String(length=36), nullable=False),
        sa.Column("next_hash", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("tried_from", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "state IN ('ordered','tried','done','failed')", name=op.f("ck_tracker_rotation_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('ordered','tried')) = (next_hash <> '')", name=op.f("ck_tracker_rotation_hash_ends_with_it")
        ),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_tracker_rotation_tracker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracker_rotation")),
    )
    with op.batch_alter_table("tracker_rotation", schema=None) as batch_op:
        batch_op.create_index("ix_tracker_rotation_tracker_id_id", ["tracker_id", "id"], unique=False)
        batch_op.create_index(
            "uq_tracker_rotation_open", ["tracker_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )


def downgrade() -> None:
    op.drop_table("tracker_rotation")
    op.drop_table("tracker_distrust")
    with op.batch_alter_table("tracker", schema=None) as batch_op:
        for name in ("iccid", "imei"):
            batch_op.drop_index(f"uq_tracker_{name}")
    with op.batch_alter_table("tracker", schema=None) as batch_op:
        for name in reversed(COLUMNS):
            batch_op.drop_column(name)
