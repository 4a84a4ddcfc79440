"""The pictures that the manual links: what each shows, who looks, on which screen, in which language."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "ru", "uz")


@dataclass(frozen=True)
class Picture:
    """One picture: its name, an address of the demonstration, who looks, and how.

    The address may hold {asset}, {summary} (see tests/e2e/test_pages.py) and {round}. `follow` is a link on that page
    that is opened first; `scan` opens the item behind {asset} on the scan page, as if its label had been read.
    """

    subject: str
    address: str
    login: str
    size: str
    language: str
    follow: str = ""
    scan: bool = False

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"{self.subject}-{self.language}"


SUBJECTS: tuple[dict[str, object], ...] = (
    {"subject": "setup-steps", "address": "/admin/setup", "login": "administrator", "size": "desktop"},
    {"subject": "account-new", "address": "/admin/accounts/new", "login": "administrator", "size": "desktop"},
    {"subject": "readiness", "address": "/readiness", "login": "coordinator", "size": "desktop"},
    {"subject": "summary-draft", "address": "/summaries", "login": "coordinator", "size": "desktop",
     "follow": "tr:has(.state.due) a.row-link"},
    {"subject": "drafts", "address": "/summaries", "login": "approver", "size": "desktop"},
    {"subject": "summary", "address": "/summaries/{summary}#summary", "login": "donor", "size": "desktop"},
    {"subject": "map", "address": "/map", "login": "coordinator", "size": "desktop"},
    {"subject": "operation-new", "address": "/operations/new", "login": "commander", "size": "phone"},
    {"subject": "scan-fit", "address": "/scan", "login": "logistics", "size": "phone", "scan": True},
    {"subject": "shift-new", "address": "/shifts/new", "login": "logistics", "size": "phone"},
    {"subject": "round-entry", "address": "/rounds/new", "login": "coordinator", "size": "desktop"},
    {"subject": "round-count", "address": "/rounds/{round}/count", "login": "logistics", "size": "phone"},
    {"subject": "round", "address": "/rounds/{round}", "login": "auditor", "size": "desktop"},
    {"subject": "today-officer", "address": "/", "login": "officer", "size": "phone"},
    {"subject": "fault", "address": "/assets/{asset}/fault", "login": "officer", "size": "phone"},
    {"subject": "work-board", "address": "/maintenance/board", "login": "technician", "size": "desktop"},
    {"subject": "calibration-due", "address": "/calibration", "login": "technician", "size": "desktop"},
    {"subject": "calibration-record", "address": "/calibration", "login": "technician", "size": "phone",
     "follow": "a[href$='/record']"},
    {"subject": "sighting", "address": "/assets/{asset}/sighting", "login": "monitor", "size": "phone"},
    {"subject": "assets", "address": "/assets", "login": "monitor", "size": "desktop"},
    {"subject": "journal", "address": "/journal", "login": "auditor", "size": "desktop"},
)  # fmt: skip
MANUAL_PICTURES: tuple[Picture, ...] = tuple(
    Picture(language=language, **subject)  # type: ignore[arg-type]  # the table above holds what each field takes
    for subject in SUBJECTS
    for language in LANGUAGES
)
ROUND = {
    "number": "R9-2026", "grant": "JPN-2020", "handed_over_on": "2026-11-02", "place": "Termez", "currency": "USD",
    "recipients": ["CUSTOMS"],
    "lines": [
        {"class": "comms.radio", "model": "Motorola DP4400", "quantity": 10, "unit": "IMT-SU", "agency": "CUSTOMS",
         "unit_value": "680", "serials": [f"DP-26-{n:03d}" for n in range(1, 11)]},
        {"class": "search.videoscope", "model": "Olympus IPLEX TX", "quantity": 6, "unit": "IMT-SU",
         "agency": "CUSTOMS", "unit_value": "6900", "serials": [f"TX-26-{n:03d}" for n in range(1, 7)]},
        {"class": "ident.raman", "model": "Thermo TruNarc", "quantity": 4, "unit": "IMT-SU", "agency": "CUSTOMS",
         "unit_value": "21500", "serials": [f"TN-26-{n:03d}" for n in range(1, 5)]},
        {"class": "search.density_meter", "model": "CSECO Buster K910B", "quantity": 3, "unit": "IMT-SU",
         "agency": "CUSTOMS", "unit_value": "8700", "serials": [f"K9-26-{n:03d}" for n in range(1, 4)]},
    ],
}  # fmt: skip
"""The round of 23 items that the manual counts in: one short, one with another number, the last four still to count."""
NOT_COUNTED_YET = 4
