"""The donor's items by the class under which they are reported."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from assets.reports.disclosure import MIN_ASSETS, VEHICLES, Cell, merged, reporting_class
from assets.reports.queries.given import Given

OTHER = "Other equipment"


@dataclass(frozen=True)
class Items:
    """Everything that was given, and the name under which each class is reported."""

    given: tuple[Given, ...]
    reported: dict[int, str]

    @cached_property
    def names(self) -> list[str]:
        """The classes, vehicles first, the rest last; none when too little is on the register to be broken down."""
        if len(self.serving) < MIN_ASSETS:
            return []
        return sorted(set(self.reported.values()), key=lambda name: (name != VEHICLES, name == OTHER, name))

    @cached_property
    def serving(self) -> list[Given]:
        """The items on the register at the end of the period."""
        return [item for item in self.given if item.on_register]

    def of(self, name: str) -> list[Given]:
        return [item for item in self.given if self.reported[item.class_id] == name]

    @property
    def class_names(self) -> dict[str, str]:
        """The reported name of each class by its code."""
        return {item.class_code: self.reported[item.class_id] for item in self.given}


def items_of(given: list[Given]) -> Items:
    """Classes with fewer than three items on the register are reported together, so that none stands alone."""
    names = {item.class_id: reporting_class(item.class_code, item.class_name) for item in given}
    counts: Counter[str] = Counter(dict.fromkeys(names.values(), 0))
    counts.update(names[item.class_id] for item in given if item.on_register)
    small = merged((Cell(name, count, 1) for name, count in counts.items()), min_units=1)
    return Items(tuple(given), {class_id: OTHER if name in small else name for class_id, name in names.items()})
