"""The walk that the manual tells in going-live.md: from an empty machine, each step by the person whose it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, ROOT, await_health, free_port, sign_in
from tests.support.office import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TOLD = ROOT / "docs" / "manual" / "en" / "going-live.md"
UNIT = "IMT-SI"
ACCOUNTS: dict[str, tuple[str, str]] = {
    "coordinator": ("coordinator", ""), "approver": ("approver", ""), "commander": ("commander", UNIT),
    "logistics": ("logistics_officer", UNIT), "officer": ("officer", UNIT), "technician": ("technician", ""),
}  # fmt: skip
LINES: tuple[tuple[str, str, list[str]], ...] = (
    ("Motorola DP4801e", "comms.radio", [f"RD-{n:03}" for n in range(1, 11)]),
    ("Olympus IPLEX G Lite", "search.videoscope", [f"VS-{n:03}" for n in range(1, 7)]),
    ("Thermo TruNarc", "ident.raman", [f"TN-{n:03}" for n in range(1, 5)]),
    ("Campbell Buster K910B", "search.density_meter", [f"BK-{n:03}" for n in range(1, 4)]),
)
SHORT, WRONG, REAL = "RD-010", "VS-006", "VS-O16"


def last_quarter(today: date) -> tuple[date, date]:
    """The newest quarter that ended at least 30 days ago, half-open: only such a one may be released."""
    end = today - timedelta(days=30)
    until = date(end.year, 3 * ((end.month - 1) // 3) + 1, 1)
    return (until - timedelta(days=80)).replace(day=1), until


@dataclass
class Office:
    """The running office: its address, each role's own browser window, and how many steps were done."""

    address: str
    data_dir: Path
    browser: Browser
    windows: dict[str, BrowserContext] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def as_(self, login: str) -> Page:
        """A page of somebody who is signed in; officers stand in the yard with a phone."""
        if login not in self.windows:
            size = PHONE if login in {"logistics", "officer", "commander"} else DESKTOP
            self.windows[login] = self.browser.new_context(viewport=size, locale="en-GB", base_url=self.address)
            page = self.windows[login].new_page()
            sign_in(page, self.address, login, PASSWORD)
        pages = self.windows[login].pages
        return pages[0]

    def step(self, title: str) -> None:
        """Note a step, as the manual counts them."""
        self.steps.append(title)


def environment(data_dir: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    return kept | {"ASSETS_DATA_DIR": str(data_dir)}


def command(data_dir: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "assets", *arguments], cwd=ROOT, env=environment(data_dir), input=given,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"assets {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@pytest.fixture
def office(tmp_path: Path, browser: Browser) -> Iterator[Office]:
    """An empty machine after `assets setup`, with `assets serve` running."""
    data_dir = tmp_path / "data"
    address = f"http://127.0.0.1:{free_port()}"
    said = command(
        data_dir, "setup", "--yes", "--administrator", "chief", "--password-stdin", "--units", "standard",
        "--base-url", address, "--listen", address.removeprefix("http://"), "--mqtt-listen", "127.0.0.1:0",
        given=f"{PASSWORD}\n",
    )  # fmt: skip
    assert "AGE-SECRET-KEY-1" in said
    assert "assets serve" in said
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "assets", "serve"], cwd=ROOT, env=environment(data_dir), stdout=log, stderr=log
        )
    try:
        await_health(process, address, 180)
        yield Office(address, data_dir, browser)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def save(page: Page, button: str) -> None:
    """Press it, and wait for the page that comes; a refusal is shown as what it says."""
    page.get_by_role("button", name=button, exact=True).last.click()
    page.wait_for_load_state()
    wrong = page.locator(".errors li").all_inner_texts()
    assert not wrong, (button, wrong)


def test_an_office_goes_live_from_an_empty_machine_to_its_first_summary(office: Office) -> None:
    first, until = last_quarter(datetime.now(UTC).date())
    office.step("set up")
    begin(office)
    people(office)
    grant(office)
    round_number = enter_round(office, first + timedelta(days=10))
    labels_and_count(office, round_number)
    radio = issue(office, round_number)
    fault_and_work_order(office, radio)
    calibration(office)
    operation(office, radio)
    summary(office, first, until)
    backup(office)
    told = re.findall(r"^## \d+\. ", TOLD.read_text(), re.MULTILINE)
    assert len(office.steps) == len(told), "the manual tells the steps that are walked here"


def begin(office: Office) -> None:
    page = office.as_("chief")
    office.step("what is left")
    page.goto("/admin/setup")
    expect(page.get_by_role("main")).to_contain_text("An account for each role")
    office.step("organisations")
    page.goto("/admin/organisations")
    for code, name, kind in (
        ("CUSTOMS", "Customs committee", "agency"), ("MIA", "Ministry of internal affairs", "agency"),
        ("JAPAN", "Government of Japan", "donor"), ("UNODC", "UNODC", "implementing_agency"),
    ):  # fmt: skip
        page.fill("[name=code]", code)
        page.fill("[name=name]", name)
        page.select_option("[name=kind]", kind)
        save(page, "Add it")
    office.step("accounts")
    for login, (role, unit) in [*ACCOUNTS.items(), ("japan", ("donor", ""))]:
        page.goto("/admin/accounts/new")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.select_option("[name=role]", role)
        if unit:
            page.select_option("[name=unit]", unit)
        if role == "donor":
            page.select_option("[name=donor]", "JAPAN")
        save(page, "Open the account")


def people(office: Office) -> None:
    page = office.as_("logistics")
    office.step("persons")
    page.goto("/people/new")
    page.fill("[name=number]", "S-100")
    page.fill("[name=name]", "Karimova Zulfiya Abdurahmonovna")
    if page.locator("select[name=unit]").count():
        page.select_option("[name=unit]", UNIT)
    save(page, "Save")


def grant(office: Office) -> None:
    page = office.as_("coordinator")
    office.step("grant")
    page.goto("/grants/new")
    page.fill("[name=code]", "JP-1")
    page.fill("[name=title]", "Equipment for interagency mobile teams")
    page.select_option("[name=donor]", "JAPAN")
    page.select_option("[name=implementing_agency]", "UNODC")
    page.fill("[name=en_number]", "E/N 2026-7")
    save(page, "Save")
    page.get_by_role("link", name="Equipment for interagency mobile teams").first.click()
    page.locator("summary", has_text="Set a planned value").click()
    page.select_option("[name=kpi]", "utilisation_days_rate")
    page.fill("[name=value]", "80")
    save(page, "Save the plan")
    expect(page.get_by_role("main")).to_contain_text("80")


def enter_round(office: Office, day: date) -> int:
    page = office.as_("coordinator")
    office.step("round")
    page.goto("/rounds/new")
    page.fill("[name=number]", "R-2026-1")
    page.select_option("[name=grant]", "JP-1")
    page.fill("[name=handed_over_on]", day.isoformat())
    page.fill("[name=place]", "Guliston")
    page.fill("[name=currency]", "USD")
    for n, (model, of_class, serials) in enumerate(LINES):
        rows = page.locator("tbody [data-line]")
        if rows.count() <= n:
            page.get_by_role("button", name=re.compile("Add a row|More rows|Add a line")).first.click()
        row = rows.nth(n)
        row.locator("[name=line_model]").fill(model)
        row.locator("[name=line_class]").select_option(of_class)
        row.locator("[name=line_quantity]").fill(str(len(serials)))
        row.locator("[name=line_unit]").select_option(UNIT)
        row.locator("[name=line_agency]").select_option("CUSTOMS")
        row.locator("[name=line_unit_value]").fill("1500")
        row.locator("[name=line_serials]").fill("\n".join(serials))
    save(page, "Save the round")
    page.wait_for_url(re.compile(r"/rounds/\d+"))
    expect(page.get_by_role("main")).to_contain_text("23")
    return int(re.findall(r"/rounds/(\d+)", page.url)[0])


def labels_and_count(office: Office, number: int) -> None:
    page = office.as_("logistics")
    page.goto(f"/rounds/{number}")
    office.step("labels")
    with page.expect_download() as printed:
        page.get_by_role("button", name="Print labels").click()
    assert printed.value.path().read_bytes().startswith(b"%PDF-")
    office.step("count")
    page.goto(f"/rounds/{number}/count")
    items = page.locator(".count-item")
    expect(items).to_have_count(23)
    for serial in (serial for _, _, serials in LINES for serial in serials):
        item = items.filter(has_text=serial)
        if serial in {SHORT, WRONG}:
            item.get_by_text("Other").click()
            sheet = page.locator("#sheet")
            sheet.get_by_label("short: not there" if serial == SHORT else "wrong serial number").check()
            if serial == WRONG:
                sheet.get_by_label("Number on the item").fill(REAL)
            sheet.get_by_role("button", name="Save the count").click()
        else:
            item.get_by_role("button", name=re.compile("Received")).click()
    expect(page.locator("[data-done]")).to_have_text("23")
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    office.step("act")
    page.goto(f"/rounds/{number}")
    save(page, "Close the count")
    for language in ("uz", "ru", "en"):
        act = page.request.get(f"/rounds/{number}/act.pdf?lang={language}")
        assert act.ok, language
        assert act.body().startswith(b"%PDF-"), language
    page.goto("/rounds/items")
    expect(page.get_by_role("main")).to_contain_text(SHORT)


def asset_with(page: Page, serial: str) -> str:
    """The code of the item with this serial number, found as a person does."""
    page.goto(f"/assets?query={serial}")
    page.locator("a.row-link").first.click()
    page.wait_for_url(re.compile("/assets/[0-9A-Z]+"))
    return page.url.rsplit("/", 1)[-1]


def issue(office: Office, number: int) -> str:
    page = office.as_("logistics")
    office.step("into service, first issue")
    page.goto(f"/rounds/{number}")
    page.locator("summary", has_text="Put into service together").click()
    save(page, "Put them into service")
    expect(page.locator("body")).to_contain_text("Now in service: 22. Left as they are: 1.")
    code = asset_with(page, "RD-001")
    page.goto(f"/assets/{code}/issue")
    page.locator("select[name=to]").select_option(index=1)
    save(page, "Issue")
    expect(page.get_by_role("main")).to_contain_text("S-100")
    return code


def fault_and_work_order(office: Office, code: str) -> None:
    page = office.as_("officer")
    office.step("fault")
    page.goto(f"/assets/{code}/fault")
    page.get_by_label("Major: must not be used").check()
    page.locator("[name=text]").fill("It does not hear anybody.")
    save(page, "Report the fault")
    page = office.as_("technician")
    office.step("work order")
    page.goto("/maintenance/board")
    page.get_by_role("link", name=re.compile("DP4801e|does not hear")).first.click()
    page.locator("[name=done_text]").fill("A new microphone.")
    page.fill("[name=cost]", "40")
    page.select_option("[name=payer]", "recipient_budget")
    page.locator("select[name=cause]").select_option(index=1)
    save(page, "Record as done")
    expect(page.get_by_role("main")).to_contain_text("A new microphone.")


def calibration(office: Office) -> None:
    page = office.as_("technician")
    office.step("calibration")
    page.goto(f"/assets/{asset_with(page, 'TN-001')}/plans")
    page.get_by_role("link", name=re.compile("New record")).first.click()
    page.wait_for_load_state()
    page.fill("[name=standard]", "Polystyrene, sheet 4")
    page.fill("[name=standard_valid_until]", f"{datetime.now(UTC).year + 1}-12-31")
    page.fill("[name=c1-name]", "The spectrum of the sample is named")
    page.select_option("[name=c1-ok]", "yes")
    save(page, "Record it")
    expect(page.get_by_role("main")).to_contain_text("passed")


def operation(office: Office, code: str) -> None:
    page = office.as_("officer")
    office.step("operation")
    page.goto("/operations/new")
    page.get_by_label("Search operation", exact=True).check()
    page.get_by_label("Customs committee").check()
    page.locator("[name=substance-0]").select_option("heroin")
    page.locator("[name=quantity-0]").fill("1.068")
    page.select_option("[name=unit-0]", "kg")
    save(page, "Record it")
    page.wait_for_url(re.compile(r"/operations/\d+"))
    number = page.url.rsplit("/", 1)[-1]
    page = office.as_("logistics")
    office.step("return")
    page.goto(f"/assets/{code}/return")
    page.get_by_text("B: usable with a minor fault").click()
    page.locator("input[name=operation]").first.check()
    save(page, "Take back")
    page = office.as_("commander")
    office.step("close")
    page.goto(f"/operations/{number}")
    save(page, "It is over and complete")


def summary(office: Office, first: date, until: date) -> None:
    page = office.as_("coordinator")
    office.step("draft")
    command(office.data_dir, "job", "run", "day_roll_up")
    page.goto("/summaries/new")
    page.select_option("[name=donor]", "JAPAN")
    page.fill("[name=from]", first.isoformat())
    page.fill("[name=to]", until.isoformat())
    page.get_by_role("main").locator("button.primary").click()
    page.wait_for_url(re.compile(r"/summaries/\d+"))
    number = page.url.rsplit("/", 1)[-1]
    page.locator("main textarea").first.fill("The equipment came in good order; one radio is still to come.")
    save(page, "Keep the words")
    page = office.as_("approver")
    office.step("release")
    page.goto(f"/summaries/{number}")
    if page.locator("[name=early_reason]").count():
        page.fill("[name=early_reason]", "The embassy asked for it before its budget closes.")
    save(page, "Release to the donor")
    page = office.as_("japan")
    office.step("read")
    page.goto(f"/summaries/{number}")
    expect(page.get_by_role("main")).to_contain_text("23")
    for kind in ("pdf", "xlsx"):
        link = page.locator(f"a[href*='{kind}']").first.get_attribute("href")
        assert link is not None, kind
        assert page.request.get(link).ok, kind
    for path in ("/assets", "/operations", "/rounds/1", "/map"):
        assert page.request.get(path).status in {403, 404}, path


def backup(office: Office) -> None:
    page = office.as_("chief")
    office.step("backup")
    page.goto("/admin/backups")
    page.get_by_test_id("ask-backup").click()
    page.wait_for_load_state()
    command(office.data_dir, "job", "run", "nightly_backup")
    page.goto("/admin/backups")
    expect(page.get_by_role("main")).to_contain_text("proven")
