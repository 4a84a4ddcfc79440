"""Two units that were both offline: whichever phone is heard first, all ends the same, with differences and photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from tests.support.papers import picture
from tests.support.world import Clock
from tests.web.conftest import Api

pytestmark = pytest.mark.both_engines

Make = Callable[..., str]
Step = Callable[[], None]
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA
SENT, CAME = timedelta(hours=5), timedelta(hours=2)
FOUND: dict[str, dict[str, Any]] = {
    "whole": {"condition": "B"},
    "broken": {"condition": "D", "differences": [{"kind": "damaged", "note": "lens cracked"}], "note": "in rain"},
    "gone": {"differences": [{"kind": "missing", "note": "not in the box"}]},
    "lent": {"condition": "A"},
}
"""What was sent together, and how it came."""


@dataclass
class Phone:
    """A phone that was offline: its outbox sends text first, one photo after the other behind it."""

    api: Api
    clock: Clock
    kind: str
    queue: list[dict[str, Any]]

    def steps(self) -> Iterator[Step]:
        yield self.send_text
        yield self.send_photos

    def send_text(self) -> None:
        answer = self.api.post("/commands", {"sent_at": self.clock.now.isoformat(), "commands": self.queue})
        assert [result["status"] for result in answer.get_json()["results"]] == ["accepted"] * len(self.queue)

    def send_photos(self) -> None:
        for number, command in enumerate(self.queue):
            for colour in ("navy", "olive"):
                photo = {"photo": (BytesIO(picture(size=(16 + number, 12), colour=colour)), "IMG.png")}
                path = f"/api/v1/commands/{command['id']}/photos"
                answer = self.api.client.post(path, data=photo, headers=self.api.headers)
                assert answer.status_code == 201, (self.kind, answer.get_data(as_text=True))


def command(n: int, kind: str, code: str, ago: timedelta, clock: Clock, data: dict[str, Any]) -> dict[str, Any]:
    # The ids of one run are those of the next: what ends the same can be compared as a whole.
    number = int.from_bytes(f"{kind[:10]}{n}".encode().ljust(16, b"_"), "big")
    at = (clock.now - ago + timedelta(seconds=n)).isoformat()
    return {
        "id": str(UUID(int=number, version=4)), "n": n, "kind": kind, "code": code, "occurred_at": at, "data": data,
    }  # fmt: skip


def phones(make: Make, api: Callable[[str], Api], clock: Clock) -> tuple[dict[str, str], Phone, Phone]:
    """The things by how they come, the phone that sends them and the one that receives them."""
    codes = {name: make() for name in FOUND}
    until = (clock.now + timedelta(days=3)).date().isoformat()
    sent = [
        command(
            n, "transfer_send", code, SENT, clock, {"to_unit": "IMT-FA", "until": until if name == "lent" else ""}
        )
        for n, (name, code) in enumerate(codes.items(), start=1)
    ]  # fmt: skip
    sent.insert(0, command(0, "sighting", codes["broken"], SENT, clock, {"condition": "A", "note": "whole when sent"}))
    came = [
        command(n, "transfer_receive", code, CAME, clock, FOUND[name]) for n, (name, code) in enumerate(codes.items())
    ]
    return codes, Phone(api(HERE), clock, "sender", sent), Phone(api(THERE), clock, "receiver", came)


ORDERS = [
    tuple("sender" if place in chosen else "receiver" for place in range(4)) for chosen in combinations(range(4), 2)
]
"""Every order in which the text and the photos of the two may come."""


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_whichever_is_heard_first_all_ends_the_same_with_its_differences_and_photos(
    order: tuple[str, ...], make: Make, api: Callable[[str], Api], clock: Clock
) -> None:
    codes, sender, receiver = phones(make, api, clock)
    waiting = {"sender": sender.steps(), "receiver": receiver.steps()}
    for name in order:
        clock.advance(timedelta(seconds=20))
        next(waiting[name])()
    whole = api("coordinator")
    listed = {item["asset"]: item for item in whole.get("/transfers", limit=20).get_json()["items"]}
    told = {
        name: (whole.get(f"/assets/{code}").get_json(), listed[code])
        for name, code in codes.items()
    }  # fmt: skip
    assert {
        name: (asset["unit"], asset["condition"], transfer["state"], transfer["found"], transfer["note"])
        for name, (asset, transfer) in told.items()
    } == {
        "whole": ("IMT-FA", "B", "received", "good", None),
        "broken": ("IMT-FA", "D", "received", "damaged", "lens cracked · in rain"),
        "gone": ("IMT-TK", None, "question", "missing", "not in the box"),
        "lent": ("IMT-TK", "A", "received", "good", None),
    }
    photos = whole.get("/documents", subject_kind="asset", limit=100).get_json()["items"]
    assert len(photos) == 2 * (len(sender.queue) + len(receiver.queue)), "each photo stands with what it shows"
    # Each of the two sees what he is to see, and no more.
    here, there = (
        {item["asset"] for item in api(login).get("/transfers").get_json()["items"]} for login in (HERE, THERE)
    )
    assert here == there == set(codes.values())
    seen = {code for code in codes.values() if api(HERE).get(f"/assets/{code}").status_code == 200}
    assert seen == {codes["gone"], codes["lent"]}


def test_a_photo_of_what_has_left_for_another_unit_says_nothing_of_it_to_the_sender(
    make: Make, api: Callable[[str], Api], clock: Clock
) -> None:
    _, sender, receiver = phones(make, api, clock)
    receiver.send_text()
    sender.send_text()
    sender.send_photos()
    papers = api(HERE).get("/documents", subject_kind="asset", limit=100).get_json()["items"]
    assert len(papers) == 2 * 2, "of what is still his: the lent one and the one that did not come"
