"""Works out the figures of a donor summary from the days and the register, and leaves out what a donor must not see."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.disposal.queries.counts import disposal_counts, loss_counts
from assets.metrics.queries.extent import built_until
from assets.people.models import Organisation
from assets.reports.donor_summary import compare, tables
from assets.reports.donor_summary.instruments import instruments
from assets.reports.donor_summary.national import National, national
from assets.reports.figures import TEMPLATE_VERSION, Figures, Findings, Head, Results, Work
from assets.reports.queries import given, places, provided, work
from assets.reports.queries.results import Span, results_of


def figures_for(
    session: Session, donor: Organisation, first: date, until: date, now: datetime, zone: ZoneInfo
) -> Figures:
    """The figures of the local days `first` to the day before `until` for everything this donor's grants paid for.

    Only reads. The caller has checked the period (`disclosure.check_period`).
    """
    whole = national(session, donor.id, first, until, now, zone)
    items = whole.items
    grants, agencies, grant_ids = provided.grants(session, donor.id)
    rounds = provided.batches(session, donor.id, until, items.given)
    regions, together = places.regions(session, whole.extent, whole.seen)
    conditions = given.conditions(session, [item.asset_id for item in items.given], until, zone)
    results = _results(session, donor.id, whole)
    worked_out = min(until, built_until(session) or first)
    return Figures(
        template=TEMPLATE_VERSION,
        head=Head(donor.name, agencies, grants, first, until, local_date(now, zone)),
        measures=whole.measures,
        plans=compare.plans(session, grant_ids, items, until, now, zone),
        before=compare.before(session, donor.id, first, until, now, zone),
        batches=rounds,
        cumulative=provided.cumulative(rounds),
        whereabouts=tables.whereabouts(whole),
        classes=tables.class_lines(items, whole.seen),
        regions=regions,
        regions_shown_together=together,
        states=tables.states(items, conditions, whole.grades),
        vehicles=tables.vehicles(whole, given.odometers(session, donor.id, until, zone)),
        instruments=instruments(session, whole, donor.id, results.kinds, zone),
        work=Work(
            downtime=work.downtime_by_cause(whole.stood),
            costs=work.costs(session, donor.id, first, until, zone),
        ),
        results=results,
        findings=Findings(
            losses=tuple(loss_counts(session, donor.id, first, until).items()),
            disposals=tuple(disposal_counts(session, donor.id, first, until).items()),
        ),
        asset_list=provided.asset_list(items.given, rounds, provided.batch_numbers(session, items.given)),
        days_worked_out=max(0, (worked_out - first).days),
        days_of_period=(until - first).days,
    )


def _results(session: Session, donor_id: int, whole: National) -> Results:
    first, until = whole.extent.first, whole.extent.until
    past = compare.year_before(first, until)
    spans = [Span(first, until), Span(*compare.period_before(first, until)), Span(*past)]
    return results_of(
        session, donor_id, spans, whole.items.class_names, compare.released_results(session, donor_id, *past)
    )
