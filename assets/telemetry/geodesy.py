"""Distances on the earth."""

from __future__ import annotations

from math import asin, cos, hypot, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of WGS 84 (IUGG)."""
EQUATOR_M = 6_378_137.0
ECCENTRICITY_2 = 6.694_379_990_14e-3
"""Semi-major axis and first eccentricity squared of WGS 84 (NIMA TR8350.2)."""
SHORT_DEGREES = 0.5


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two points given in degrees (WGS 84).

    Up to half a degree by the ellipsoid's radii of curvature at the middle latitude, which keeps within 1 ppm of the
    geodesic; farther by haversine on the mean sphere, within 0.6 %.
    """
    d_lon = (lon2 - lon1 + 180.0) % 360.0 - 180.0
    if abs(d_lon) > SHORT_DEGREES or abs(lat2 - lat1) > SHORT_DEGREES:
        return haversine_m(lat1, lon1, lat2, lon2)
    middle = radians((lat1 + lat2) / 2)
    bulge = 1 - ECCENTRICITY_2 * sin(middle) ** 2
    prime_vertical_m = EQUATOR_M / sqrt(bulge)
    meridian_m = prime_vertical_m * (1 - ECCENTRICITY_2) / bulge
    return hypot(meridian_m * radians(lat2 - lat1), prime_vertical_m * cos(middle) * radians(d_lon))


def haversine_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres along the great circle of the mean sphere."""
    phi1, phi2 = radians(lat1), radians(lat2)
    half_lat = sin((phi2 - phi1) / 2)
    half_lon = sin(radians(lon2 - lon1) / 2)
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half_lat**2 + cos(phi1) * cos(phi2) * half_lon**2)))
