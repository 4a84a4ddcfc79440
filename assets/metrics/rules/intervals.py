"""95 % intervals for shares and rates from small counts; pure, without a statistics package."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
_TAIL = 0.025
# Above this many events the Wilson-Hilferty approximation is within 1e-6 of the exact limit, and the exact one slow.
_EXACT_UP_TO = 5_000


def wilson(successes: int, trials: int) -> tuple[float, float] | None:
    """95 % interval of a proportion (Wilson 1927, score interval); None without trials."""
    if trials <= 0:
        return None
    share = successes / trials
    z2 = Z_95 * Z_95
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    # At 0 and at all the limit is exact; rounding must not put the share itself outside.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return low, high


def garwood(events: int, exposure: float) -> tuple[float, float] | None:
    """Exact 95 % interval of a Poisson rate, events per unit of exposure (Garwood 1936); None without exposure.

    The limits of the mean are gamma quantiles: 2.5 % at shape `events` and 97.5 % at shape `events + 1`.
    """
    if exposure <= 0:
        return None
    low = 0.0 if events == 0 else _gamma_quantile(float(events), _TAIL)
    return low / exposure, _gamma_quantile(events + 1.0, 1 - _TAIL) / exposure


def gamma_share_below(shape: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(shape, x).

    Series below shape + 1, continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31).
    """
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        n = shape
        while abs(term) > abs(total) * 1e-15:
            n += 1
            term *= x / n
            total += term
        return min(1.0, front * total)
    return max(0.0, 1 - front * _fraction(shape, x))


def _fraction(shape: float, x: float) -> float:
    # Lentz's way of working out the continued fraction.
    tiny = 1e-300
    b = x + 1 - shape
    c = 1 / tiny
    d = 1 / b
    value = d
    for n in range(1, 100_000):
        a = -n * (n - shape)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        step = d * c
        value *= step
        if abs(step - 1) < 1e-15:
            break
    return value


def _gamma_quantile(shape: float, probability: float) -> float:
    z = Z_95 if probability > 0.5 else -Z_95
    near: float = shape * max(0.0, 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3
    if shape > _EXACT_UP_TO:
        return near
    low, high = 0.0, max(near * 2, shape + 10)
    for _ in range(200):
        middle = (low + high) / 2
        if gamma_share_below(shape, middle) < probability:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * high:
            break
    return (low + high) / 2


def fay_feuer(weights: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of a sum of weights of events that come at random; None without events.

    For a weighted sum of Poisson counts (Fay and Feuer 1997, gamma interval), each event with its own weight: with y
    the sum, v the sum of squares and w the largest weight, the limits are gamma quantiles with mean y and variance v
    below, and with mean y + w and variance v + w squared above. One heavy event makes it wide, as it should.
    """
    if not weights:
        return None
    total, squares, largest = sum(weights), sum(weight * weight for weight in weights), max(weights)
    if total <= 0:
        return None
    above, spread = total + largest, squares + largest * largest
    return (
        squares / total * _gamma_quantile(total * total / squares, _TAIL),
        spread / above * _gamma_quantile(above * above / spread, 1 - _TAIL),
    )
