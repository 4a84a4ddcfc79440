"""Section 1: page one, which alone answers the seven questions."""

from __future__ import annotations

from datetime import timedelta

from assets.core.i18n import Message, msg
from assets.maintenance.rules.orders import CAUSE_NAMES, Cause
from assets.reports.figures import Figures
from assets.reports.render.blocks import Against, Answer, Answers, Block, Cell, Paragraph
from assets.reports.render.sections import measures
from assets.reports.render.sections.provided import total_usd
from assets.reports.render.words import Voice

ID = "summary"
TITLE = msg("Summary")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The questions of page one, and how to read the answers."""
    heads = (
        voice.say(msg("Question")), voice.say(msg("Answer")), voice.say(msg("Against the plan")),
        voice.say(msg("Period before")),
    )  # fmt: skip
    answers = (_provided, _there, _working, _used, _results, _problems, _requests)
    return (
        Answers(heads, tuple(answer(figures, voice) for answer in answers)),
        Paragraph(_legend(figures, voice), "quiet"),
    )


def _legend(figures: Figures, voice: Voice) -> str:
    bands = voice.say(
        msg(
            "Bands: 80 % of plan or more, 50 to 80 %, below 50 %. Figures describe use, care and results; they do not "
            "show what effect the equipment had."
        )
    )
    past = figures.before
    if past is None:
        return f"{bands} {voice.say(msg('Nothing had been handed over in the period before.'))}"
    of = msg("as released in summary %(n)s", n=past.summary) if past.summary else msg("worked out by the same rules")
    words = msg("Period before: %(first)s – %(last)s, %(source)s.", **voice.span(past.first, past.until), source=of)
    return f"{bands} {voice.say(words)}"


def _against(figures: Figures, voice: Voice, *codes: str) -> tuple[Against, ...]:
    """The first figure against plan or all of it; of the others those that were promised."""
    wanted = [code for n, code in enumerate(codes) if n == 0 or figures.plan(code) is not None]
    found = (measures.against(figures, code, voice, named=len(wanted) > 1) for code in wanted)
    return tuple(each for each in found if each is not None)


def _provided(figures: Figures, voice: Voice) -> Answer:
    handed_over = figures.measure("handed_over")
    counted = [batch for batch in figures.batches if batch.items and batch.promised is not None]
    against: tuple[Against, ...] = ()
    if counted:
        promised = sum(batch.promised or 0 for batch in counted)
        received = sum(batch.items for batch in counted)
        words = voice.say(
            msg(
                "%(part)s of %(whole)s items on the deeds",
                part=voice.number(received),
                whole=voice.number(promised),
            )
        )
        against = (Against(words, *measures.band_words(received / promised, voice)),)
    return Answer(
        voice.say(msg("Was it provided?")), measures.cell(handed_over, voice), _handovers(figures, voice), against,
        measures.before(figures, "handed_over", voice), ("handed_over",),
    )  # fmt: skip


def _handovers(figures: Figures, voice: Voice) -> tuple[str, ...]:
    """What the handovers are worth, and what stands on deeds of which nothing was counted in by the last day."""
    value, n = total_usd(figures, voice), len(figures.batches)
    waiting = [batch for batch in figures.batches if not batch.items and batch.promised is not None]
    uncounted, last = sum(batch.promised or 0 for batch in waiting), _last_day(figures, voice)
    if waiting and len(waiting) == n:
        deeds = (
            msg("%(items)s items on the deed of 1 handover, worth %(value)s; 0 counted in by %(day)s",
                items=voice.number(uncounted), value=value, day=last)
            if n == 1
            else msg("%(items)s items on the deeds of %(n)s handovers, worth %(value)s; 0 counted in by %(day)s",
                     items=voice.number(uncounted), n=voice.number(n), value=value, day=last)
        )  # fmt: skip
        return (voice.say(deeds),)
    worth = (
        msg("items in 1 handover, worth %(value)s", value=value)
        if n == 1
        else msg("items in %(n)s handovers, worth %(value)s", n=voice.number(n), value=value)
    )
    if not waiting:
        return (voice.say(worth),)
    rest = msg(
        "of %(items)s items on the deeds of %(numbers)s 0 counted in by %(day)s",
        items=voice.number(uncounted),
        numbers=", ".join(batch.number for batch in waiting),
        day=last,
    )
    return voice.say(worth), voice.say(rest)


def _last_day(figures: Figures, voice: Voice) -> str:
    return voice.day(figures.head.until - timedelta(days=1))


def _nothing_yet(figures: Figures, voice: Voice, question: Message) -> Answer | None:
    """The answer to a question about items where none had been counted in; None where there were some."""
    if figures.whereabouts.handed_over:
        return None
    words = msg("no item had been counted in by %(day)s", day=_last_day(figures, voice))
    return Answer(voice.say(question), "–", (voice.say(words),))


def _there(figures: Figures, voice: Voice) -> Answer:
    if (nothing := _nothing_yet(figures, voice, msg("Is it there?"))) is not None:
        return nothing
    seen, where = figures.measure("verification_rate"), figures.whereabouts
    lines = (
        voice.say(
            msg(
                "%(part)s of %(whole)s items on the register were seen by a person",
                part=voice.number(seen.numerator),
                whole=voice.number(seen.denominator),
            )
        ),
        voice.say(
            msg(
                "not seen for a year: %(unseen)s; lost: %(lost)s; disposed of: %(disposed)s",
                unseen=measures.value(figures.measure("not_seen_12m"), voice),
                lost=voice.number(where.lost),
                disposed=voice.number(where.disposed),
            )
        ),
    )
    return _answer(figures, voice, msg("Is it there?"), lines, "verification_rate", "not_seen_12m")


def _working(figures: Figures, voice: Voice) -> Answer:
    if (nothing := _nothing_yet(figures, voice, msg("Does it work?"))) is not None:
        return nothing
    condition = figures.states.condition
    judged = sum(condition[:4])
    lines = (
        voice.say(
            msg(
                "vehicles available, of their days; good or usable: %(part)s of %(whole)s items judged",
                part=voice.number(sum(condition[:2])),
                whole=voice.number(judged),
            )
        ),
        _calibrated(figures, voice),
    )
    return _answer(figures, voice, msg("Does it work?"), lines, "availability_rate", "in_calibration_rate")


def _calibrated(figures: Figures, voice: Voice) -> str:
    valid = figures.measure("in_calibration_rate")
    if valid.value is None and not valid.hidden:
        return voice.say(msg("no instrument that needs a calibration was on the register"))
    share = measures.value(valid, voice)
    return voice.say(msg("valid calibration: %(share)s of the instruments that need one", share=share))


def _used(figures: Figures, voice: Voice) -> Answer:
    if (nothing := _nothing_yet(figures, voice, msg("Is it used?"))) is not None:
        return nothing
    used = figures.measure("used_rate")
    lines = (
        voice.say(
            msg(
                "%(part)s of %(whole)s items with data were used (%(cover)s)",
                part=voice.number(used.numerator),
                whole=voice.number(used.denominator),
                cover=measures.covered(used, voice) or voice.say(msg("coverage unknown")),
            )
        ),
        *_amounts(figures, voice),
    )
    codes = ("used_rate", "utilisation_days_rate", "distance_per_vehicle_month", "uses_per_asset_month")
    return _answer(figures, voice, msg("Is it used?"), lines, *codes)


def _amounts(figures: Figures, voice: Voice) -> tuple[str, ...]:
    """How much vehicles and other items were used, as far as it is known."""
    days, km = figures.measure("utilisation_days_rate"), figures.measure("distance_per_vehicle_month")
    uses = figures.measure("uses_per_asset_month")
    vehicles = msg(
        "vehicles on %(days)s of their days, about %(km)s a month",
        days=measures.value(days, voice),
        km=measures.value(km, voice),
    )
    others = msg("other items %(uses)s uses a month", uses=measures.value(uses, voice))
    known = ((vehicles, days.value is not None), (others, uses.value is not None))
    said = "; ".join(voice.say(words) for words, is_known in known if is_known)
    return (said,) if said else ()


def _answer(figures: Figures, voice: Voice, question: Message, lines: tuple[str, ...], *codes: str) -> Answer:
    return Answer(
        voice.say(question),
        measures.cell(figures.measure(codes[0]), voice),
        lines,
        _against(figures, voice, *codes),
        measures.before(figures, codes[0], voice),
        codes,
    )


def _results(figures: Figures, voice: Voice) -> Answer:
    now, past = figures.results.totals, figures.results.year_before
    words = msg(
        "seizures in %(operations)s closed operations; equipment supported or decided %(helped)s of %(assessed)s with "
        "a seizure",
        operations=voice.number(now.operations),
        helped=str(voice.count(now.with_equipment)),
        assessed=voice.number(now.assessed),
    )
    year = msg(
        "a year before: %(seizures)s seizures in %(operations)s operations",
        seizures=voice.number(past.seizures),
        operations=voice.number(past.operations),
    )
    none = voice.say(msg("no closed operation is recorded for the period"))
    figure: Cell = voice.cell(now.seizures) if now.operations else "–"
    return Answer(
        voice.say(msg("What were the results?")), figure, (voice.say(words) if now.operations else none,),
        (), voice.say(year) if past.operations else "–",
    )  # fmt: skip


def _problems(figures: Figures, voice: Voice) -> Answer:
    care = figures.measure("pm_compliance")
    lines = [line for line in figures.said("problems").split("\n") if line]
    named = [line for line in figures.work.downtime if line.cause]
    if named:
        lines.append(
            voice.say(
                msg(
                    "longest standstills: %(cause)s, %(hours)s h",
                    cause=voice.say(CAUSE_NAMES[Cause(named[0].cause)]),
                    hours=voice.number(named[0].hours),
                )
            )
        )
    question = voice.say(msg("What are the problems?"))
    if care.value is None:
        lines.append(voice.say(msg("no planned service fell due")))
        return Answer(question, "", tuple(lines))
    lines.append(voice.say(msg("planned care done on time: %(made)s", made=measures.of_how_many(care, voice))))
    return _answer(figures, voice, msg("What are the problems?"), tuple(lines), "pm_compliance")


def _requests(figures: Figures, voice: Voice) -> Answer:
    written = [line for line in figures.said("requests").split("\n") if line]
    lines = tuple(written) or (voice.say(msg("no request was written down")),)
    return Answer(voice.say(msg("What is requested?")), "", lines)
