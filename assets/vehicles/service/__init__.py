"""What people enter of vehicles: fuel, dated papers and accidents, and corrections of these."""

from assets.vehicles.service.accidents import correct_accident, report_accident
from assets.vehicles.service.entries import Correction, may_correct
from assets.vehicles.service.fuel import correct_fill, enter_fill
from assets.vehicles.service.papers import correct_paper, enter_paper

__all__ = [
    "Correction",
    "correct_accident",
    "correct_fill",
    "correct_paper",
    "enter_fill",
    "enter_paper",
    "may_correct",
    "report_accident",
]
