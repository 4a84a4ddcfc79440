"""Tables of equipment classes and models."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from assets.core.db import Base


class EquipmentClass(Base):
    """A class of domain.md section 4; what it gives by default stands in `registry/rules/classes.py`, by `code`."""

    __tablename__ = "equipment_class"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    usage_meter: Mapped[str] = mapped_column(String(24), default="")
    is_vehicle: Mapped[bool] = mapped_column(default=False)
    subject_to_calibration: Mapped[bool] = mapped_column(default=False)


class EquipmentModel(Base):
    """Maker and type within a class."""

    __tablename__ = "equipment_model"
    __table_args__ = (UniqueConstraint("maker", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("equipment_class.id"), index=True)
    maker: Mapped[str] = mapped_column(String(120), default="")
    name: Mapped[str] = mapped_column(String(120))

    equipment_class: Mapped[EquipmentClass] = relationship()

    @property
    def full_name(self) -> str:
        return f"{self.maker} {self.name}".strip()
