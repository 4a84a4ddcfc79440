"""200 samples in four boots, with receipts and a ring that gets full; the power fails at each byte that is written."""

from firmware_stubs.tracker import record
from firmware_stubs.tracker.ports import Witness
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Store
from tests.firmware.scenarios.bench import PlainBoard, PlainFlash

BOOTS, EACH, BLOCKS = 4, 50, 3


class Judge(Witness):
    """What was promised of each sample, by how far the flash's log was when it was promised."""

    def __init__(self, flash: PlainFlash) -> None:
        self.flash = flash
        self.taken: "dict[tuple[int, int], int]" = {}
        self.excused: "dict[tuple[int, int], int]" = {}

    def took(self, life: str, boot: int, seq: int) -> None:
        self.taken.setdefault((boot, seq), len(self.flash.log))

    def erased(self, life: str, boot: int, seq: int) -> None:
        self.excused.setdefault((boot, seq), len(self.flash.log))

    def gave_up(self, life: str, boot: int, seq: int) -> None:
        # the block that does without it is written whole; then the two old ones leave
        self.excused.setdefault((boot, seq), len(self.flash.log) - 2)


def packed(boot: int, seq: int) -> bytes:
    sample = record.Sample(seq * 10000 + 5000, 1798112345 + seq * 10)
    sample.ignition = True
    sample.receiver = True
    sample.lat_e7, sample.lon_e7, sample.mode = 412646500 + seq * 900, 692162700 + boot, 3
    sample.facts = {"alt": 411, "spd": 43, "hdg": 271, "sat": 11, "hdop": 1}
    sample.odo_mm, sample.eng_ms = seq * 120000, seq * 10000
    sample.health = {"vext": 13.9, "vbat": 4.1, "gsm": -81}
    if seq % 13 == 5:
        sample.events = ["sos" if seq % 2 else "moving"]
    return record.pack(sample)


def recorded() -> "tuple[PlainFlash, Judge, str]":
    """The whole run on a flash that logs it."""
    flash = PlainFlash()
    judge = Judge(flash)
    life = ""
    for _ in range(BOOTS):
        state = State(flash, PlainBoard())
        state.start()
        life = state.life
        store = Store(flash, life, state.boot, BLOCKS, judge)
        for seq in range(EACH):
            assert store.append(packed(state.boot, seq)) == seq
        store.mark_sent(life, state.boot, 0, EACH)
        store.erase(life, state.boot, 9, [(15, 16)])
    return flash, judge, life


def held(store: Store) -> "dict[tuple[int, int], bytes]":
    """What a store would send, by number; it must be what was written."""
    found: "dict[tuple[int, int], bytes]" = {}
    while True:
        run = store.next_run(3000, 24)
        if run is None:
            return found
        store.mark_sent(run.life, run.boot, run.seq, len(run.texts))
        for index in range(len(run.texts)):
            assert (run.boot, run.seq + index) not in found
            found[(run.boot, run.seq + index)] = run.texts[index]


def check(files: "dict[str, bytes]", at: int, judge: Judge, life: str, truth: "dict[tuple[int, int], bytes]") -> int:
    """The next start on what the power cut left, when `at` entries of the log were done."""
    flash = PlainFlash()
    flash.files = dict(files)
    state = State(flash, PlainBoard(7))
    state.start()
    store = Store(flash, state.life, state.boot, BLOCKS)
    keys = {(boot, seq) for life_, boot, seq in store.held()}
    if keys:
        assert state.life == life
        assert state.boot > max([boot for boot, _ in keys]), "a boot was used twice"
    for key in keys:
        assert key in truth, "a sample that nobody took"
    for key in judge.taken:
        if judge.taken[key] <= at and (key not in judge.excused or judge.excused[key] > at):
            assert key in keys, (key, at)
    return len(keys)


def cuts(flash: PlainFlash, every: int):
    """(the files, how many log entries were done) for each `every`-th byte at which the power may fail."""
    files: "dict[str, bytes]" = {}
    count = 0
    for at, (what, name, data) in enumerate(flash.log):
        for size in range(len(data) if what != "remove" else 0):
            count += 1
            if count % every == 0:
                torn = dict(files)
                torn[name] = (files.get(name, b"") if what == "append" else b"") + data[:size]
                yield torn, at, name
        if what == "append":
            files[name] = files.get(name, b"") + data
        elif what == "write":
            files[name] = data
        else:
            del files[name]
        yield files, at + 1, name


def run(say, every: int = 1) -> None:
    flash, judge, life = recorded()
    truth = {}
    for boot in range(1, BOOTS + 1):
        for seq in range(EACH):
            truth[(boot, seq)] = record.text(packed(boot, seq))
    assert len(judge.taken) == BOOTS * EACH
    thinned = [key for key in judge.excused if key[1] > 16]
    say("samples %d, thinned %d" % (len(judge.taken), len(thinned)))
    assert thinned, "the ring never got full"
    total = count = 0
    for files, at, name in cuts(flash, every):
        count += 1
        total += check(files, at, judge, life, truth)
        if count % 41 == 0:  # the rest of the page holds what the dying regulator left there
            noise = bytes([(count * 31 + index * 7) & 255 for index in range(60)])
            torn = dict(files)
            torn[name] = torn.get(name, b"") + noise
            if not name.startswith("state"):
                check(torn, at, judge, life, truth)
    store = Store(flash, life, BOOTS + 1, BLOCKS)
    for key, text in held(store).items():
        assert truth[key] == text
    say("cuts %d, samples read back %d" % (count, total))
