"""The kinds of table that can be imported: their columns, what must be there, and who takes the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assets.core.app import App
from assets.core.errors import invalid
from assets.core.i18n import LOCALES, Message, msg, say
from assets.exchange.imports import assets, lots, operations, persons, readings, trackers, units
from assets.exchange.imports.opening import OPENING_HINTS
from assets.exchange.imports.work import BulkImporter, RowImporter, Work
from assets.exchange.tables import column_key
from assets.operations.rules.fields import OPERATION_FIELDS
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import ASSET_FIELDS
from assets.telemetry.inventory import INVENTORY_FIELDS


@dataclass(frozen=True)
class Kind:
    """One kind of table; `aliases` are other heads for its columns, `hints` say what stands in them."""

    name: str
    title: Message
    columns: tuple[str, ...]
    required: tuple[str, ...]
    open: Callable[[Work], RowImporter | BulkImporter]
    permission: Permission = Permission.IMPORT_RUN
    aliases: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, Message] = field(default_factory=dict)
    template: tuple[str, ...] = ()
    """The columns of the empty file to fill in, where they are not all of them."""
    after: Callable[[App], None] | None = None
    """What is to be done once rows were saved."""


def _asset_titles() -> dict[str, str]:
    """Heads in words, as our own lists print them in each language."""
    titles = {column_key(say(field.title, locale)): key for key, field in ASSET_FIELDS.items() for locale, _ in LOCALES}
    return {title: key for title, key in titles.items() if title not in ASSET_FIELDS}


_ASSET_HINTS = {key: field.hint or field.title for key, field in ASSET_FIELDS.items()} | dict(OPENING_HINTS)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "assets", msg("Assets"), assets.COLUMNS, assets.REQUIRED, assets.Assets, aliases=_asset_titles(),
            hints=_ASSET_HINTS,
        ),
        Kind(
            "persons", msg("Persons"), persons.COLUMNS, persons.REQUIRED, persons.Persons,
            hints={
                "number": msg("Service number; persons are recognised by it"),
                "unit": msg("Code of the unit"),
                "organisation": msg("Code of the agency"),
            },
        ),
        Kind(
            "lots", msg("Lots of consumables"), lots.COLUMNS, lots.REQUIRED, lots.Lots,
            permission=Permission.STOCK_WRITE,
            hints={
                "class": msg("Code of the class, such as ident.test_kit"),
                "item": msg("What it is, as on the pack"),
                "lot_number": msg("As on the pack; lots are recognised by unit, class, item and this number"),
                "unit": msg("Code of the unit"),
                "quantity": msg("How much is there"),
                "counted_in": msg("What is counted; empty: pieces"),
                "tests_per_pack": msg("For test kits counted in packs: how many tests are in one"),
                "use_within_days": msg("For how many days a pack may be used once it is opened"),
            },
        ),
        Kind(
            "operations", msg("Operations"), operations.COLUMNS, operations.REQUIRED, operations.Operations,
            permission=Permission.OPERATION_WRITE,
            hints={key: field.title for key, field in OPERATION_FIELDS.items()}
            | {
                "code": msg("Your code; several rows with one code are several seizures of one operation"),
                "substance": msg("One substance of a seizure, with quantity and quantity_unit"),
                "quantity": msg("As it was weighed or counted"),
                "quantity_unit": msg("kg, g, mg, l, ml, pieces, …"),
                "seizures": msg("Instead of the columns: heroin 20 kg 32 g + opium 940 g; cannabis_resin 5311 g"),
            },
        ),
        Kind(
            "readings", msg("Meter readings"), readings.COLUMNS, readings.REQUIRED, readings.Readings,
            aliases={"asset": "code", "label": "code", "date": "occurred_at", "at": "occurred_at"},
            hints={
                "code": msg("Label code of the asset"),
                "meter": msg("odometer_km, engine_h, …; empty: the usual meter of the class"),
                "value": msg("What the meter showed"),
                "occurred_at": msg("When: a day or a time"),
            },
        ),
        Kind(
            "trackers",
            msg("Trackers"),
            trackers.COLUMNS,
            trackers.REQUIRED,
            trackers.Trackers,
            permission=Permission.TRACKER_MANAGE,
            aliases={"tracker": "id", "code": "asset", "kind": "guest"},
            hints={
                "id": msg("The tracker's own id: letters, digits, _ and -"),
                "asset": msg("Label code of the vehicle"),
                "since": msg("Since when it is mounted; empty: now"),
                "guest": msg("Empty for trackers with our own firmware"),
                "account": msg("Of a guest: the login that it shares with others; empty: one of its own"),
                "device": msg("Of a guest: its uniqueId at a Traccar server, or its IMEI"),
            }
            | {name: box.hint or box.title for name, box in INVENTORY_FIELDS.items()},
            after=trackers.tell_broker,
        ),
        Kind(
            "units", msg("Units and regions"), units.COLUMNS, (), units.Units,
            permission=Permission.ORGANISATION_WRITE, template=units.UNIT_COLUMNS,
            hints={
                "code": msg("Short code of the unit, such as IMT-FA"),
                "region": msg("Code of the region, such as UZ-FA"),
                "kind": msg("imt, oct, blo, workshop or store; empty: imt"),
                "iso_3166_2": msg("In a sheet of regions: the region's code; each gets a mobile team"),
            },
        ),
    )
}  # fmt: skip


def kind_named(name: str) -> Kind:
    """The kind; `InvalidInput` for one that there is not."""
    if name not in KINDS:
        raise invalid("kind", msg("A table is one of: %(kinds)s.", kinds=", ".join(KINDS)), code="unknown_kind")
    return KINDS[name]


def template_columns(kind: Kind) -> tuple[str, ...]:
    """The head of an empty file of this kind."""
    return kind.template or kind.columns
