"""A drive by NMEA with turns, a stop, commands and a silence: every byte that is sent."""

from firmware_stubs.tracker.nmea import checksum
from tests.firmware.scenarios.bench import T0, Device


def rmc(clock_s: int, north_m: int, east_m: int, knots: int, heading: int) -> bytes:
    """One sentence of a receiver near Tashkent."""
    lat = 4115000000 + north_m * 540  # 1e-6 minutes after the degrees: ddmm.mmmmmm
    lon = 6912000000 + east_m * 717
    clock = "%02d%02d%02d.00" % (clock_s // 3600 % 24, clock_s // 60 % 60, clock_s % 60)
    body = "GNRMC,%s,A,%s,N,%s,E,%d.5,%d.0,241226,,,A" % (clock, angle(lat), angle(lon), knots, heading)
    return ("$%s*%02X\r\n" % (body, checksum(body))).encode()


def angle(value: int) -> str:
    return "%d.%06d" % (value // 1000000, value % 1000000)


def run(say) -> None:
    device = Device()
    client = device.client
    north = east = 0
    for second in range(400):
        device.board.ms += 1000
        heading = 0 if second % 120 < 60 else 90
        moving = not 150 <= second < 260
        if moving:
            north += 12 if heading == 0 else 0
            east += 0 if heading == 0 else 12
        client.receive(rmc(40000 + second, north, east, 23 if moving else 0, heading))
        client.step()
        now = client.time() or 0
        if second == 30:
            device.order("config", "c-1", {"moving_s": 20, "turn_deg": 45})
            device.order("config", "c-2", {"moving_s": 20, "parked_s": -1})
        if second == 300:
            device.order("silent", "s-1", {"from": now, "until": now + 60})
        if second == 340:
            client.alarm("sos")
            device.order("locate", "l-1", {})
        if second % 50 == 49:
            device.receipt(client.store.next_seq - 1)
        for topic, body in device.take():
            say(topic + " " + body.decode())
    assert now > T0 - 400000
    assert client.motion.odo_mm > 3000000
