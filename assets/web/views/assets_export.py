"""The export of the register: the whole filtered list as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from assets.core import journal
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.queries.assets import all_assets, asset_page
from assets.registry.scope import sees_identity
from assets.web.asset_lists import FILTER_KEYS, due_condition, filters_of, holder_number, identity_of
from assets.web.auth import needs
from assets.web.context import actor, now, the_app, writing

pages = Blueprint("assets_export", __name__)

EXPORT_COLUMNS = (
    "code", "class", "model", "serial_number", "vin", "plate", "inventory_number", "unit", "region", "agency", "batch",
    "grant", "donor", "value", "currency", "life", "condition", "custodian", "visibility_mark", "exemption_reason",
    "waiver_ref", "title_status", "attractive", "received_on", "in_service_on", "warranty_until", "registered_at",
    "last_seen_at", "note",
)  # fmt: skip


@pages.get("/assets/export")
@needs(Permission.ASSET_READ)
def export_assets() -> Any:
    """The whole filtered list as CSV or XLSX; the same rows and the same silence as on the page. Journalled."""
    form = request.args.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise invalid("format", msg("This is one of: %(known)s.", known="csv, xlsx"), code="unknown_word")
    filters, extra = filters_of(request.args), due_condition(request.args)
    with writing() as session:
        # Also finds out whether the filters can be understood, before the first byte is sent.
        asset_page(session, actor(), filters, limit=1, extra=extra)
        asked = {key: value for key, value in request.args.items() if key in {*FILTER_KEYS, "due"} and value}
        journal.note(session, "asset_list", form, "exported", filters=asked, identity=sees_identity(actor()))
    app, viewer = the_app(), actor()

    def rows() -> Iterator[tuple[object, ...]]:
        with app.reading() as session:
            for asset in all_assets(session, viewer, filters, extra=extra):
                yield _export_row(viewer, asset)

    name = f"assets-{local_date(now(), app.settings.zone).isoformat()}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return Response(write_xlsx(EXPORT_COLUMNS, rows(), sheet="Assets"), mimetype=XLSX_TYPE, headers=headers)
    return Response(stream_with_context(write_csv(EXPORT_COLUMNS, rows())), content_type=CSV_TYPE, headers=headers)


def _export_row(viewer: Actor, asset: Asset) -> tuple[object, ...]:
    batch = asset.batch
    values: dict[str, object] = {
        **{key: getattr(asset, key, None) for key in EXPORT_COLUMNS},
        **identity_of(viewer, asset),
        "class": asset.equipment_class.code,
        "model": asset.model.full_name if asset.model is not None else None,
        "unit": asset.unit.code,
        "region": asset.unit.region.code,
        "agency": asset.custodian_org.code if asset.custodian_org is not None else None,
        "batch": batch.number if batch is not None else None,
        "grant": batch.grant.code if batch is not None else None,
        "donor": batch.grant.donor.code if batch is not None else None,
        "custodian": holder_number(viewer, asset),
    }
    return tuple(values[key] for key in EXPORT_COLUMNS)
