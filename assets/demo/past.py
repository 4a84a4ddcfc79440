"""The made-up past: lists that an office had before, imported; one with a mistake, and one taken back again."""

from __future__ import annotations

from datetime import datetime

from assets.core.actor import Actor
from assets.core.app import App
from assets.demo.setting import Setting
from assets.exchange.imports import Mode
from assets.exchange.models import ImportRun
from assets.exchange.runs import ask_for_import, execute, save_checked
from assets.exchange.undo import undo_run

PERSONS = """number,name,unit,organisation
SU-11,Officer SU-11,IMT-SU,CUSTOMS
SU-12,Officer SU-12,IMT-SU,MIA
SU-13,Officer SU-13,IMT-SUR,SSS
"""
TAKEN_OVER = """class,unit,model,serial_number,inventory_number,agency,condition,holder,place,taken_over_on
comms.radio,IMT-SU,Motorola DP4400,871SQA1180,1380-2217,MIA,B,SU-02,Duty room,{day}
comms.radio,IMT-SU,Motorola DP4400,871SQA1181,1380-2218,MIA,B,,Store 2,{day}
comms.radio,IMT-SU,Motorola DP4400,871SQA1186,1380-2219,MIA,C,,Store 2,{day}
it.other,IMT-SU,SMART Board MX,SB-MX-40077,1362-0904,CUSTOMS,B,,Briefing room,{day}
search.mirror_uvss,IMT-SU,GAMMA SM-50,SM50-2210,1380-1711,CUSTOMS,B,,Post Gulbahor,{day}
"""
LAST_YEAR = """class,item,lot_number,unit,quantity,counted_in,expires_on
protect.gloves_suit,"Nitrile gloves, size M",NG-M-4410,IMT-SU,12,boxes,{expires}
protect.filter,Filter P3 for respirators,P3-77120,IMT-SU,16,pairs,{expires}
"""


def make_imports(app: App, made: Setting, now: datetime) -> int:
    """Check and save three lists of a team; the last one is undone. Answers how many runs there are."""
    logistics = made.actors["logistics"]
    day, expires = f"{now:%Y-%m-%d}", f"{now.year + 1}-06-30"
    _import(app, logistics, "persons", "persons-2026.csv", PERSONS, Mode.SAVE_VALID)
    _import(app, logistics, "assets", "radios-and-boards.csv", TAKEN_OVER.format(day=day), Mode.ALL_OR_NOTHING)
    wrong = _import(app, logistics, "lots", "store-2025.csv", LAST_YEAR.format(expires=expires), Mode.ALL_OR_NOTHING)
    coordinator = made.actors["coordinator"]
    with app.transaction(coordinator, app.clock()) as session:
        undo_run(session, coordinator, session.get_one(ImportRun, wrong), "This is last year's list", app.clock())
    return 3


def _import(app: App, actor: Actor, kind: str, name: str, text: str, mode: Mode) -> int:
    """As the page does it: the file is checked, then saved."""
    with app.transaction(actor, app.clock()) as session:
        run = ask_for_import(app, session, actor, kind, name, text.encode(), Mode.DRY_RUN, app.clock(), mine=True)
        run_id = run.id
    execute(app, run_id, actor)
    with app.transaction(actor, app.clock()) as session:
        save_checked(session, actor, session.get_one(ImportRun, run_id), mode, app.clock(), mine=True)
    execute(app, run_id, actor)
    return run_id
