"""Places, visits, alarms, and how long classes may be silent.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import assets.core.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    moment = assets.core.db.UtcDateTime(timezone=True)
    op.create_table(
        "contact_limit",
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours BETWEEN 1 AND 2160", name=op.f("ck_contact_limit_hours_sensible")),
        sa.ForeignKeyConstraint(["class_id"], ["equipment_class.id"], name=op.f("fk_contact_limit_class_id")),
        sa.PrimaryKeyConstraint("class_id", name=op.f("pk_contact_limit")),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("region_id", sa.Integer(), nullable=True),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.Column("margin_m", sa.Float(), nullable=False),
        sa.Column("dwell_s", sa.Integer(), nullable=False),
        sa.Column("active_from", sa.Date(), nullable=True),
        sa.Column("active_until", sa.Date(), nullable=True),
        sa.Column("archived_at", moment, nullable=True),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("derived", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind <> 'region' OR region_id IS NOT NULL", name=op.f("ck_place_region_named")),
        sa.CheckConstraint(
            "kind IN ('depot','workshop','border_post','region','other')", name=op.f("ck_place_kind_known")
        ),
        sa.CheckConstraint(
            "active_until IS NULL OR active_from IS NULL OR active_until > active_from",
            name=op.f("ck_place_days_in_order"),
        ),
        sa.CheckConstraint("dwell_s BETWEEN 0 AND 86400", name=op.f("ck_place_dwell_sensible")),
        sa.CheckConstraint("margin_m BETWEEN 0 AND 20000", name=op.f("ck_place_margin_sensible")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_place_region_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_place_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("region_id", name=op.f("uq_place_region_id")),
    )
    with op.batch_alter_table("place", schema=None) as batch_op:
        batch_op.create_index("ix_place_archived_at_name_id", ["archived_at", "name", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_place_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("raised_at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("acknowledged_at", moment, nullable=True),
        sa.Column("acknowledged_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "kind IN ('power_cut','tamper','sos','tow','crash','low_battery','silent','key_reused','flapping')",
            name=op.f("ck_alarm_kind_known"),
        ),
        sa.CheckConstraint(
            "state <> 'acknowledged' OR acknowledged_at IS NOT NULL", name=op.f("ck_alarm_acknowledged_has_a_time")
        ),
        sa.CheckConstraint("state <> 'closed' OR closed_at IS NOT NULL", name=op.f("ck_alarm_closed_has_a_time")),
        sa.CheckConstraint("state IN ('open','acknowledged','closed')", name=op.f("ck_alarm_state_known")),
        sa.ForeignKeyConstraint(["acknowledged_by_id"], ["account.id"], name=op.f("fk_alarm_acknowledged_by_id")),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_alarm_asset_id")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["account.id"], name=op.f("fk_alarm_closed_by_id")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_alarm_tracker_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_alarm_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("tracker_id", "kind", "key", name=op.f("uq_alarm_tracker_id_kind_key")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_asset_id"), ["asset_id"], unique=False)
        batch_op.create_index("ix_alarm_state_raised_at_id", ["state", "raised_at", "id"], unique=False)
        batch_op.create_index("ix_alarm_tracker_id_raised_at", ["tracker_id", "raised_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarm_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "place_visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", moment, nullable=False),
        sa.Column("left_at", moment, nullable=True),
        sa.Column("first_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("stayed_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["asset.id"], name=op.f("fk_place_visit_asset_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_place_visit_place_id")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_place_visit_tracker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_visit")),
    )
    with op.batch_alter_table("place_visit", schema=None) as batch_op:
        batch_op.create_index("ix_place_visit_asset_id_entered_at", ["asset_id", "entered_at"], unique=False)
        batch_op.create_index("ix_place_visit_place_id_entered_at", ["place_id", "entered_at"], unique=False)
        batch_op.create_index("ix_place_visit_tracker_id_entered_at", ["tracker_id", "entered_at"], unique=False)

    op.create_table(
        "alarm_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.Integer(), nullable=True),
        sa.Column("tracker_id", sa.String(length=64), nullable=False),
        sa.Column("life", sa.String(length=8), nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("dated", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_word_alarm_id")),
        sa.ForeignKeyConstraint(["tracker_id"], ["tracker.id"], name=op.f("fk_alarm_word_tracker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_word")),
        sa.UniqueConstraint(
            "tracker_id", "life", "boot", "seq", "word", name=op.f("uq_alarm_word_tracker_id_life_boot_seq_word")
        ),
    )
    with op.batch_alter_table("alarm_word", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_word_alarm_id"), ["alarm_id"], unique=False)
        batch_op.create_index("ix_alarm_word_tracker_id_word_at", ["tracker_id", "word", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("alarm_word")
    op.drop_table("place_visit")
    op.drop_table("alarm")
    op.drop_table("place")
    op.drop_table("contact_limit")
