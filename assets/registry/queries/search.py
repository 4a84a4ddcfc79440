"""The search of the register: folded words found in the names that assets refer to, and in their identity.

Names stand in small tables (classes, models, units, regions, batches, agencies), so a word is looked up there first
and becomes a few ids, which indexes answer. Only serial numbers, plates and the like are looked through asset by asset,
in an index that holds nothing else. With 50,000 assets this is ten times as fast as one long text per asset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal_column, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import LOCALES, msg, say
from assets.labels.token import CODE_LENGTH, CodeError, parse_code
from assets.people.models import Organisation, Region, Unit
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, Grant, HandoverBatch, Label
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.scope import sees_identity

MAX_QUERY_LENGTH = 200
MAX_TERMS = 6
# More matches than this are cheaper to test row by row than to name.
_MANY = 500


@dataclass
class _Vocabulary:
    """Folded names by the column of `Asset` that refers to them; and the asset whose label code the query is."""

    names: dict[InstrumentedAttribute[int] | InstrumentedAttribute[int | None], list[tuple[int, str]]] = field(
        default_factory=dict
    )
    labelled: int | None = None

    def condition(self, word: str) -> list[ColumnElement[bool]]:
        """For each column, that it refers to something with `word` in its name."""
        found: list[ColumnElement[bool]] = []
        for column, names in self.names.items():
            ids = [row_id for row_id, text in names if word in text]
            if ids:
                found.append(column.in_(ids))
        return found


def search_condition(session: Session, actor: Actor, query: str) -> ColumnElement[bool]:
    """What `query` finds, as a condition on `Asset`. The scope is the caller's.

    A label code finds its asset alone. Otherwise each word must be in a name, begin the code, or (for those who see
    identity) be in a serial number, VIN, plate or inventory number, which may also be typed with spaces.
    """
    if len(query) > MAX_QUERY_LENGTH:
        raise invalid("query", msg("A search has at most %(n)s characters.", n=MAX_QUERY_LENGTH), code="too_long")
    vocabulary = _vocabulary(session, query)
    if vocabulary.labelled is not None:
        return Asset.id == vocabulary.labelled
    terms = query.split()[:MAX_TERMS]
    identifiers = [fold_identifier(term) for term in terms]
    whole = fold_identifier(query) if len(terms) > 1 else ""
    by_identity = _identity_conditions(session, [*identifiers, whole]) if sees_identity(actor) else {}
    each = [_term(vocabulary, fold_text(t), i, by_identity) for t, i in zip(terms, identifiers, strict=True)]
    found = and_(*each)
    return or_(found, by_identity[whole]) if whole in by_identity else found


def _term(
    vocabulary: _Vocabulary, word: str, identifier: str, by_identity: dict[str, ColumnElement[bool]]
) -> ColumnElement[bool]:
    either = vocabulary.condition(word) if word else []
    if identifier in by_identity:
        either.append(by_identity[identifier])
    if identifier and len(identifier) <= CODE_LENGTH and identifier.isascii() and identifier.isalnum():
        # A range instead of LIKE: both engines answer it from the unique index.
        either.append(and_(Asset.code >= identifier, Asset.code < identifier + "~"))
    return or_(*either) if either else false()


def _code_in(query: str) -> str:
    try:
        return parse_code(query)
    except CodeError:
        return ""


def _identity_conditions(session: Session, wanted: Sequence[str]) -> dict[str, ColumnElement[bool]]:
    """For each folded identifier that some asset has in its identity, a condition on `Asset`. One query."""
    wanted = [text for text in dict.fromkeys(wanted) if text]
    patterns = {text: Asset.identity_text.contains(text, autoescape=True) for text in wanted}
    if not patterns:
        return {}
    rows = session.execute(select(Asset.id, Asset.identity_text).where(or_(*patterns.values())).limit(_MANY + 1)).all()
    if len(rows) > _MANY:
        return dict(patterns)
    found: dict[str, list[int]] = {text: [row.id for row in rows if text in row.identity_text] for text in wanted}
    return {text: Asset.id.in_(ids) for text, ids in found.items() if ids}


def _vocabulary(session: Session, query: str) -> _Vocabulary:
    """The folded names of everything that assets refer to, and the label that `query` may be. One query."""
    blank: ColumnElement[str] = literal_column("''")
    of_region = Region.name_uz + " " + Region.name_ru + " " + Region.name_en
    parts: list[Select[Any, Any, Any, Any, Any]] = [
        select(_kind("class"), EquipmentClass.id, EquipmentClass.code, EquipmentClass.name, blank),
        select(_kind("model"), EquipmentModel.id, EquipmentModel.maker, EquipmentModel.name, blank),
        select(_kind("unit"), Unit.id, Unit.code, Unit.name, of_region).join(Region, Unit.region_id == Region.id),
        select(_kind("batch"), HandoverBatch.id, HandoverBatch.number, Grant.code, blank).join(
            Grant, HandoverBatch.grant_id == Grant.id
        ),
        select(_kind("agency"), Organisation.id, Organisation.code, Organisation.name, blank).where(
            Organisation.kind == "agency"
        ),
        select(_kind("label"), Label.asset_id, Label.code, blank, blank).where(
            Label.code == _code_in(query), Label.asset_id.is_not(None)
        ),
    ]
    columns = {
        "class": Asset.class_id,
        "model": Asset.model_id,
        "unit": Asset.unit_id,
        "batch": Asset.batch_id,
        "agency": Asset.custodian_org_id,
    }
    vocabulary = _Vocabulary({column: [] for column in columns.values()})
    for kind, row_id, *texts in session.execute(union_all(*parts)):
        if kind == "label":
            vocabulary.labelled = row_id
            continue
        if kind == "class":
            texts = [*texts, *_class_words(str(texts[0]))]
        vocabulary.names[columns[kind]].append((row_id, fold_text(" ".join(texts))))
    return vocabulary


def _kind(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'")


def _class_words(code: str) -> Iterable[str]:
    defaults = CLASSES.get(code)
    return [say(defaults.title, locale) for locale, _ in LOCALES] if defaults else []
