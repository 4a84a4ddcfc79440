"""Makes room in a full ring: two neighbouring blocks become one, with every second ordinary sample of them.

The oldest pair that was thinned least goes first, so the whole backlog gets coarser evenly instead of losing its
beginning. Samples with an event stay, and the first and the last of each boot in a block; distance and engine time are
counted on the device, so what is left over loses none of either. The numbers that went are kept beside the samples, to
be reported as gone. The new block is written whole before the old ones leave: a power cut between costs nothing.
"""

from firmware_stubs.tracker import record
from firmware_stubs.tracker.block import BLOCK_BYTES, DONE, LOST, Block, Part

MOST = 5  # every 32nd sample; then the oldest block gives way whole
STUCK = MOST + 1


def pair(blocks: "list[Block]", current: "Block | None") -> "int | None":
    """The index of the first of the two blocks that are to become one; None if no two can."""
    best: "int | None" = None
    least = STUCK
    for index in range(len(blocks) - 1):
        first, second = blocks[index], blocks[index + 1]
        if second is current:
            break
        cost = -1 if _needed(first) + _needed(second) < BLOCK_BYTES * 9 // 10 else max(first.level, second.level)
        if cost < least:
            best, least = index, cost
            if cost < 0:
                break
    return best


def _needed(one: Block) -> int:
    """About how many bytes what is still to be kept takes."""
    count = sum(len(stretch.states) for stretch in one.stretches)
    return one.size * one.left() // count if count and one.level < STUCK else one.size


def left_over(one: Block, read: "list[Part]") -> "list[Part]":
    """The parts of a block without what receipts have named."""
    parts = []
    for stretch, part in zip(one.stretches, read):  # noqa: B905  MicroPython has no strict
        kept = Part(part.life, part.boot)
        kept.gone = part.gone
        for index in range(len(stretch.states)):
            if stretch.states[index] not in (DONE, LOST):
                kept.numbers.append(part.numbers[index])
                kept.packed.append(part.packed[index])
        if kept.numbers:
            parts.append(kept)
    return parts


def joined(parts: "list[Part]") -> "list[Part]":
    """Neighbouring parts of one boot as one."""
    found: "list[Part]" = []
    for part in parts:
        if found and (found[-1].life, found[-1].boot) == (part.life, part.boot):
            found[-1].numbers += part.numbers
            found[-1].packed += part.packed
            found[-1].gone = merged(found[-1].gone, part.gone)
        else:
            found.append(part)
    return found


def thinned(part: Part, level: int) -> "tuple[Part, list[int]]":
    """The part with every 2**level-th ordinary sample, and the numbers that went."""
    kept, went = Part(part.life, part.boot), []
    every = 1 << level
    final = len(part.numbers) - 1
    for index in range(len(part.numbers)):
        seq, packed = part.numbers[index], part.packed[index]
        if index in (0, final) or seq % every == 0 or record.eventful(packed):
            kept.numbers.append(seq)
            kept.packed.append(packed)
        else:
            went.append(seq)
    kept.gone = merged(part.gone, [[seq, seq] for seq in went])
    return kept, went


def merged(some: "list[list[int]]", others: "list[list[int]]") -> "list[list[int]]":
    """Both lists of ranges as one, in order, neighbours joined."""
    found: "list[list[int]]" = []
    for a, b in sorted(some + others):
        if found and a <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], b)
        else:
            found.append([a, b])
    return found
