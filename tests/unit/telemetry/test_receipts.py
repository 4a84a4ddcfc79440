"""The receipts desk: at most one a second for each boot, hellos at once, and no request lost on the way."""

from __future__ import annotations

from assets.telemetry.messages import Receipt
from assets.telemetry.receipts import Desk


def _receipt(upto: int, *, boot: int = 1, want: tuple[tuple[int, int], ...] = ()) -> Receipt:
    return Receipt("t1", "9f3a01c7", boot, upto, (), want)


def test_receipts_of_one_boot_go_out_once_a_second_with_the_newest_content() -> None:
    desk = Desk()
    sent = []
    for tenth in range(31):
        desk.put([_receipt(tenth)])
        sent += [(tenth, receipt.upto) for receipt in desk.due(100 + tenth / 10)]
    assert sent == [(0, 0), (10, 10), (20, 20), (30, 30)]


def test_boots_do_not_wait_for_each_other() -> None:
    desk = Desk()
    desk.put([_receipt(1)])
    assert len(desk.due(10.0)) == 1
    desk.put([_receipt(2), _receipt(0, boot=2)])
    assert [receipt.boot for receipt in desk.due(10.1)] == [2]


def test_answer_to_a_hello_never_waits_and_counts_as_sent() -> None:
    desk = Desk()
    desk.put([_receipt(1)])
    assert len(desk.due(10.0)) == 1
    assert [receipt.upto for receipt in desk.answer([_receipt(2)], 10.1)] == [2]
    desk.put([_receipt(3)])
    assert desk.due(10.9) == []
    assert [receipt.upto for receipt in desk.due(11.2)] == [3]


def test_request_in_a_replaced_receipt_is_kept_as_far_as_it_is_still_needed() -> None:
    desk = Desk()
    desk.put([_receipt(1)])
    desk.due(10.0)
    desk.put([_receipt(1, want=((2, 9),))])
    desk.put([_receipt(4)])
    assert [receipt.want for receipt in desk.due(11.0)] == [((5, 9),)]
