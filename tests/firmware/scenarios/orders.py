"""Orders that outlive a restart: a silence, a server on trial, a signed update; what is sent and what is kept."""

import json

from tests.firmware.scenarios.bench import T0, Device, fix_at


def started(device: "Device | None" = None) -> Device:
    """A tracker that is connected, knows the time, and has a receipt."""
    device = Device() if device is None else Device(device.flash, 2)
    for second in range(3):
        device.second(fix_at(device.board.ms // 1000, second * 10))
    device.receipt(-1)
    device.take()
    return device


def results(device: Device) -> "list[dict[str, object]]":
    return [json.loads(body) for topic, body in device.take() if topic.endswith("/result")]


def run(say) -> None:
    device = started()
    device.order("silent", "s-1", {"from": T0, "until": T0 + 500})
    device.order("silent", "s-2", {"from": T0 + 9, "until": T0})
    say(json.dumps(results(device)))
    device = started(device)
    for second in range(30):
        device.second(fix_at(device.board.ms // 1000, second * 12))
    reports = [body for topic, body in device.take() if topic.endswith("/report")]
    assert not any(b'"lat"' in body for body in reports)
    say("silent over a restart: %r" % device.client.state.silent)
    device.board.ms += 600000
    device.second(fix_at(700, 900))
    device.client.commands.locate = True
    device.second(fix_at(701, 912))
    assert any(b'"lat"' in body for topic, body in device.take() if topic.endswith("/report"))

    device.order("server", "v-1", {"host": "new.example", "port": 8883})
    device.client.step()
    device.client.step()
    say("on trial: %s" % json.dumps(device.transport.server))
    device.order("server", "v-1", {"host": "new.example", "port": 8883})
    assert results(device) == []
    for _ in range(200):
        device.board.ms += 1000
        device.client.step()
    say(json.dumps(results(device)))
    assert device.transport.server is None
    device.order("server", "v-2", {"secret": "another"})
    device.client.step()
    device.client.step()
    device.receipt(-1)
    device.client.step()
    say(json.dumps(results(device)))
    device = started(device)
    say("kept: %s" % json.dumps(device.transport.server))
