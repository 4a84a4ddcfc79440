"""Compares a paper list with the register: by number where the row has one, else by how many there are of a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import InvalidInput
from assets.core.i18n import Message, msg
from assets.exchange.imports import KINDS
from assets.exchange.imports.opening import OPENING_COLUMNS, OPENING_FIELDS
from assets.exchange.imports.run import named_columns
from assets.exchange.reconciliation.fields import differences_of
from assets.exchange.reconciliation.result import Line, Reconciliation
from assets.exchange.tables import SheetRow, Table
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, require
from assets.registry.models import Asset, EquipmentClass, Label
from assets.registry.rules.asset_fields import ASSET_FIELDS
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.rules.values import ValueRefused
from assets.registry.scope import assets_for, require_unit

_IDENTIFIERS = ("serial_number", "vin", "inventory_number", "code")
_CHUNK = 200  # rows; at most four bound values each
# What has left the register for good, and what has not come yet, is missed on no list.
_NOT_MISSED = frozenset({"disposed", "expected"})


def reconcile(session: Session, actor: Actor, table: Table, *, unit: str = "") -> Reconciliation:
    """Compare a paper list (columns as of an import of assets, none of them required) with what `actor` may read.

    The register's side is what the paper covers: the units and classes that it names, or `unit` alone. `InvalidInput`
    for columns that are not known or cannot tell items apart, `NotAllowed` without the right to import.
    """
    require(actor, Permission.IMPORT_RUN)
    table = named_columns(replace(KINDS["assets"], required=()), table)
    if not {*_IDENTIFIERS, "class"} & set(table.columns):
        words = msg("The list needs a column to know items by: serial_number, vin, inventory_number, code or class.")
        raise InvalidInput(words, code="columns")
    if unit:
        require_unit(actor, Permission.IMPORT_RUN, unit_by_code(session, unit))
    return _Comparison(session, actor, [_read(row) for row in table.rows], unit).result()


@dataclass
class _Paper:
    """A row of the paper, read cell by cell; `problems` says what cannot be read."""

    number: int
    values: dict[str, Any]
    problems: list[Message] = field(default_factory=list)

    def text(self, key: str) -> str:
        return str(self.values.get(key) or "")

    @property
    def is_numbered(self) -> bool:
        return any(self.values.get(key) for key in _IDENTIFIERS)

    @property
    def about(self) -> str:
        number = self.text("serial_number") or self.text("vin") or self.text("inventory_number")
        if not number and self.values.get("code"):
            number = format_code(self.text("code"))
        return " ".join(part for part in (self.text("model") or self.text("class"), number) if part)


def _read(row: SheetRow) -> _Paper:
    paper = _Paper(row.number, {})
    for problem in row.problems:
        paper.problems.append(msg("%(field)s: %(message)s", field=problem.field, message=problem.message))
    for key, text in row.cells.items():
        read = OPENING_FIELDS[key].read if key in OPENING_COLUMNS else ASSET_FIELDS[key].read
        try:
            if text:
                paper.values[key] = read(text)
        except ValueRefused as error:
            paper.problems.append(msg("%(field)s: %(message)s", field=key, message=error.message))
    return paper


class _Index:
    """Assets by their numbers."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], list[Asset]] = defaultdict(list)

    def take(self, asset: Asset, code: str | None) -> None:
        for key in (
            ("serial_number", asset.serial_folded or ""), ("vin", asset.vin_folded or ""),
            ("inventory_number", asset.inventory_number), ("code", code or asset.code),
        ):  # fmt: skip
            if key[1] and asset not in self._by[key]:
                self._by[key].append(asset)

    def meant(self, paper: _Paper) -> list[Asset]:
        """The assets that the row's numbers are of; several when it names different ones, or one number is not enough.

        The better number decides: an agency may give its inventory number twice.
        """
        found: dict[int, Asset] = {}
        for key in ("code", "vin", "serial_number"):
            text = paper.text(key) if key == "code" else fold_identifier(paper.text(key))
            named = self._by.get((key, text), []) if text else []
            if key == "serial_number":
                named = _of_class(named, paper)
            found |= {asset.id: asset for asset in named}
        if not found and (number := paper.text("inventory_number")):
            named = _of_class(self._by.get(("inventory_number", number), []), paper)
            # An item with another serial number than the row's is another item, whatever the agency numbered it.
            found = {
                asset.id: asset
                for asset in named
                if not (paper.text("serial_number") and asset.serial_folded)
                and not (paper.text("vin") and asset.vin_folded)
            }
        return list(found.values())


def _of_class(assets: Sequence[Asset], paper: _Paper) -> list[Asset]:
    """Those of the row's class where that tells them apart; one alone may have been put into a wrong class on paper."""
    if len(assets) < 2 or not paper.values.get("class"):
        return list(assets)
    return [asset for asset in assets if asset.equipment_class.code == paper.text("class")]


class _Comparison:
    """One pass over the paper."""

    def __init__(self, session: Session, actor: Actor, papers: Sequence[_Paper], unit: str) -> None:
        self._session, self._actor, self._papers = session, actor, papers
        self._units = [unit] if unit else sorted({paper.text("unit") for paper in papers} - {""})
        self._classes = sorted({paper.text("class") for paper in papers} - {""})
        self._index = _Index()
        self._covered = self._covering()
        self._claimed: dict[int, int] = {}
        self._seen: dict[tuple[str, str, str], int] = {}

    def result(self) -> Reconciliation:
        for asset, code in self._meant():
            self._index.take(asset, code)
        lines = [self._line(paper) for paper in self._papers if paper.is_numbered or paper.problems]
        lines += self._by_kind([paper for paper in self._papers if not paper.is_numbered and not paper.problems])
        lines.sort(key=lambda line: line.row or 0)
        lines += [
            Line("register_only", None, _about(asset), asset.code)
            for asset in self._covered
            if asset.id not in self._claimed and asset.life not in _NOT_MISSED
        ]
        return Reconciliation(tuple(lines), tuple(self._units), tuple(self._classes))

    def _line(self, paper: _Paper) -> Line:
        if paper.problems:
            return Line("unreadable", paper.number, paper.about, note=paper.problems[0])
        earlier = self._said_before(paper)
        assets = self._index.meant(paper)
        if len(assets) > 1:
            codes = ", ".join(format_code(asset.code) for asset in assets[:5])
            words = msg("Its numbers are those of different items: %(codes)s.", codes=codes)
            return Line("unreadable", paper.number, paper.about, note=words)
        if not assets:
            same = msg("Row %(row)s has the same.", row=earlier) if earlier else None
            return Line("twice" if earlier else "paper_only", paper.number, paper.about, note=same)
        asset = assets[0]
        first = self._claimed.setdefault(asset.id, paper.number)
        if first != paper.number:
            words = msg("Row %(row)s means the same item.", row=first)
            return Line("twice", paper.number, paper.about, asset.code, note=words)
        return self._compared(paper, asset)

    def _compared(self, paper: _Paper, asset: Asset) -> Line:
        found = tuple(differences_of(paper.values, asset))
        return Line("differs" if found else "same", paper.number, paper.about or _about(asset), asset.code, found)

    def _said_before(self, paper: _Paper) -> int | None:
        """An earlier row with one of this row's numbers, for items that the register does not know."""
        earlier: int | None = None
        for key in _IDENTIFIERS:
            number = fold_identifier(paper.text(key))
            of_class = "" if key in {"vin", "code"} else paper.text("class")
            if number:
                row = self._seen.setdefault((key, of_class, number), paper.number)
                earlier = row if row != paper.number else earlier
        return earlier

    def _by_kind(self, papers: Sequence[_Paper]) -> Iterator[Line]:
        """Rows without any number: so many of a kind on paper, so many in the register, paired off."""
        by_model: dict[tuple[str, ...], list[Asset]] = defaultdict(list)
        by_class: dict[tuple[str, ...], list[Asset]] = defaultdict(list)
        for asset in self._covered:
            if asset.serial_folded is None and asset.vin_folded is None and not asset.inventory_number:
                kind = asset.equipment_class.code, asset.unit.code
                by_class[kind].append(asset)
                by_model[(*kind, fold_text(asset.model.full_name if asset.model else ""))].append(asset)
        for paper in papers:
            unit = paper.text("unit") or (self._units[0] if len(self._units) == 1 else "")
            kind, model = (paper.text("class"), unit), fold_text(paper.text("model"))
            waiting = by_model[(*kind, model)] if model else by_class[kind]
            free = next((found for found in waiting if found.id not in self._claimed), None)
            if free is None:
                yield Line("paper_only", paper.number, paper.about)
                continue
            self._claimed[free.id] = paper.number
            yield self._compared(paper, free)

    def _meant(self) -> Iterator[tuple[Asset, str | None]]:
        """The assets within reach that have one of the paper's numbers, wherever they are."""
        for first in range(0, len(self._papers), _CHUNK):
            part = self._papers[first : first + _CHUNK]
            codes = {paper.text("code") for paper in part} - {""}
            given = (
                (Asset.serial_folded, {fold_identifier(paper.text("serial_number")) for paper in part} - {""}),
                (Asset.vin_folded, {fold_identifier(paper.text("vin")) for paper in part} - {""}),
                (Asset.inventory_number, {paper.text("inventory_number") for paper in part} - {""}),
            )
            wanted: list[ColumnElement[bool]] = [column.in_(texts) for column, texts in given if texts]
            if codes:
                wanted.append(Label.code.is_not(None))
            if wanted:
                statement = _assets(self._actor).outerjoin(Label, (Label.asset_id == Asset.id) & Label.code.in_(codes))
                yield from self._session.execute(statement.add_columns(Label.code).where(or_(*wanted)))

    def _covering(self) -> list[Asset]:
        """What of the paper's units and classes the register has."""
        if not self._units:
            return []
        statement = _assets(self._actor).join(Unit, Unit.id == Asset.unit_id).where(Unit.code.in_(self._units))
        if self._classes:
            of_class = select(EquipmentClass.id).where(EquipmentClass.code.in_(self._classes))
            statement = statement.where(Asset.class_id.in_(of_class))
        found: Iterable[Asset] = self._session.scalars(statement.order_by(Asset.code))
        return list(found)


def _assets(actor: Actor) -> Any:
    return (
        select(Asset)
        .options(
            joinedload(Asset.unit), joinedload(Asset.equipment_class), joinedload(Asset.model),
            joinedload(Asset.batch), joinedload(Asset.custodian_org), joinedload(Asset.custodian_person),
        )
        .where(assets_for(actor, Permission.ASSET_READ))
    )  # fmt: skip


def _about(asset: Asset) -> str:
    number = asset.serial_number or asset.vin or asset.inventory_number
    return " ".join(
        part for part in (asset.model.full_name if asset.model else asset.equipment_class.code, number) if part
    )
