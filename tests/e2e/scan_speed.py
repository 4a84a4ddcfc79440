"""How fast the scan page is in the yard: `python -m tests.e2e.scan_speed [--rounds 5] [--json]`.

It starts an office of its own with a few items and looks at /scan with an empty cache, as an officer who is signed in:
what crosses the line; when the page is usable on a slow phone (400 ms round trip, 400 kbit/s, a processor four times
slower); and how long an answer takes without any of that, from the code to the item. docs/benchmarks.md says the aims.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, StorageState, sync_playwright

from tests.e2e.conftest import CHROMIUM, CHROMIUM_FLAGS, PHONE, free_port, sign_in
from tests.support.office import PASSWORD, Office, open_office

UNIT = "IMT-SI"
ITEMS = 12
ROUND_TRIP_MS = 400
DOWN_BYTES_PER_S = UP_BYTES_PER_S = 400_000 // 8
SLOWER = 4
ANSWERS = 20
LOOK_MS, QUIET_LOOKS = 250, 8
KEPT_FOR_OFFLINE = "/scan/assets"
"""The items of the unit, which come when nothing else is to do; as many bytes as the unit has items."""

# The page is usable when its script has taken hold of the field and the buttons: then it says what to do.
NOTE_WHEN_USABLE = """
  const look = () => {
    const note = document.querySelector("[data-part=camera-note]");
    if (note?.textContent && !("usable_ms" in globalThis)) globalThis.usable_ms = performance.now();
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
"""
ANSWER = """code => new Promise(resolve => {
  const form = document.querySelector("[data-part=code-form]");
  const result = document.querySelector("[data-part=result]");
  form.querySelector("input").value = code;
  const started = performance.now();
  const seen = new MutationObserver(() => {
    if (!result.querySelector("[data-testid=fit]")) return;
    seen.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - started));
  });
  seen.observe(result, { childList: true, subtree: true });
  form.requestSubmit();
})"""


@dataclass
class FirstView:
    """What one first visit brought over the line, by address, with headers; and when the page was usable."""

    bytes_by_path: dict[str, int] = field(default_factory=dict)
    under_way: dict[str, str] = field(default_factory=dict)
    usable_ms: float = 0.0

    @property
    def bytes(self) -> int:
        """All of it, without the items that are kept for work without a connection."""
        return sum(size for path, size in self.bytes_by_path.items() if path != KEPT_FOR_OFFLINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it was measured; whether it is fast enough says who reads it."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.scan_speed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        with open_office(Path(folder) / "data", free_port()) as office:
            office.add_account("logistics", "logistics_officer", "--unit", UNIT)
            codes = furnish(office)
            found = _measure(browser, office, codes, chosen.rounds)
        browser.close()
    if chosen.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:24} {value}" for name, value in found.items()))
    return 0


def furnish(office: Office) -> list[str]:
    """A few items of the officer's unit; their codes."""
    wanted = {"class": "comms.radio", "unit": UNIT, "life": "in_service"}
    made = [office.call("/assets", wanted | {"serial_number": f"RD-{n}"}, login="logistics") for n in range(ITEMS)]
    return [str(asset["code"]) for asset in made]


def _measure(browser: Browser, office: Office, codes: list[str], rounds: int) -> dict[str, Any]:
    state = signed_in(browser, office)
    views = [first_view(browser, office, state, slow=True) for _ in range(rounds)]
    answers = sorted(_answers(browser, office, state, codes))
    return {
        "first_view_bytes": views[-1].bytes,
        "first_view_requests": len(views[-1].bytes_by_path),
        "usable_ms": [round(view.usable_ms) for view in views],
        "usable_median_ms": round(statistics.median(view.usable_ms for view in views)),
        "answer_p50_ms": round(statistics.median(answers)),
        "answer_p95_ms": round(answers[int(len(answers) * 0.95) - 1]),
        "bytes_by_path": views[-1].bytes_by_path,
    }


def signed_in(browser: Browser, office: Office) -> StorageState:
    """The cookies of an officer, without what his browser has read."""
    context = browser.new_context(base_url=office.address)
    sign_in(context.new_page(), office.address, "logistics", PASSWORD)
    state = context.storage_state()
    context.close()
    return state


@contextmanager
def new_phone(browser: Browser, office: Office, state: StorageState) -> Iterator[BrowserContext]:
    """A phone that has never seen a page of ours, of somebody who is signed in."""
    context = browser.new_context(viewport=PHONE, locale="en-GB", base_url=office.address, storage_state=state)
    try:
        yield context
    finally:
        context.close()


def first_view(browser: Browser, office: Office, state: StorageState, *, slow: bool) -> FirstView:
    """Open /scan on a new phone, and count until nothing comes any more."""
    view = FirstView()
    with new_phone(browser, office, state) as context:
        page = context.new_page()
        line = context.new_cdp_session(page)
        _count(line, view)
        if slow:
            _slow_down(line)
        page.add_init_script(NOTE_WHEN_USABLE)
        page.goto("/scan", wait_until="commit")
        page.wait_for_function("() => globalThis.usable_ms", timeout=60_000)
        view.usable_ms = page.evaluate("() => globalThis.usable_ms")
        _until_quiet(page, view)
    return view


def _slow_down(line: CDPSession) -> None:
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False, "latency": ROUND_TRIP_MS,
            "downloadThroughput": DOWN_BYTES_PER_S, "uploadThroughput": UP_BYTES_PER_S,
        },
    )  # fmt: skip
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def _count(line: CDPSession, view: FirstView) -> None:
    def asked(event: dict[str, Any]) -> None:
        view.under_way[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def failed(event: dict[str, Any]) -> None:
        view.under_way.pop(event["requestId"], None)

    def came(event: dict[str, Any]) -> None:
        path = view.under_way.pop(event["requestId"])
        view.bytes_by_path[path] = view.bytes_by_path.get(path, 0) + int(event["encodedDataLength"])

    line.on("Network.requestWillBeSent", asked)
    line.on("Network.loadingFinished", came)
    line.on("Network.loadingFailed", failed)
    line.send("Network.enable")


def _until_quiet(page: Page, view: FirstView) -> None:
    """What waits for an idle moment is asked for within this time after all else has come."""
    quiet, seen = 0, -1
    while quiet < QUIET_LOOKS:
        is_same = seen == len(view.bytes_by_path) and not view.under_way
        quiet, seen = quiet + 1 if is_same else 0, len(view.bytes_by_path)
        page.wait_for_timeout(LOOK_MS)


def _answers(browser: Browser, office: Office, state: StorageState, codes: list[str]) -> Iterator[float]:
    with new_phone(browser, office, state) as context:
        page = context.new_page()
        page.goto("/scan")
        page.wait_for_load_state()
        for n in range(ANSWERS):
            yield float(page.evaluate(ANSWER, codes[n % len(codes)]))
            page.get_by_test_id("scan-next").click()


if __name__ == "__main__":
    sys.exit(main())
