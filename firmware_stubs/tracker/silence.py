"""Windows of event time in which no position leaves the tracker: kept over restarts, and ended by themselves."""

from firmware_stubs.tracker import wire

MOST = 8
LONGEST_S = 92 * 86400  # a window that nobody ends would look like a tracker that is lost


def fault(args: object) -> str:
    """Why this order for silence is refused; empty if it is carried out. `from`, `until`: UNIX seconds."""
    if not isinstance(args, dict) or not wire.whole(args.get("from")) or not wire.whole(args.get("until")):
        return "silent needs from and until as UNIX seconds"
    if not 0 <= args["until"] - args["from"] <= LONGEST_S:
        return "silent must end after it began, within 92 days"
    return ""


def added(windows: "list[list[int]]", since: int, until: int) -> "list[list[int]]":
    """With this window; one that began at the same time gives way, so that a silence can be ended, or prolonged."""
    kept = [window for window in windows if window[0] != since]
    kept.append([since, until])
    return kept[-MOST:]


def covers(windows: "list[list[int]]", t: "int | None", now: "int | None") -> bool:
    """Whether what was sampled at `t` must not say where. What cannot be dated is hidden while a window may be open.

    `now`: the tracker's time, None while it is not known.
    """
    if t is not None:
        return any(since <= t < until for since, until in windows)
    return any(now is None or since <= now < until for since, until in windows)
