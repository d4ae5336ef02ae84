"""A map of postal codes: their centroids as dots, as a drawing that a page has in itself."""

from collections.abc import Sequence
from decimal import Decimal
from math import cos, radians
from typing import NamedTuple

WIDTH, HEIGHT, EDGE = 480, 300, 12
LEAST_SPAN = 0.05  # degrees: one postal code alone is not blown up without end

Number = Decimal | float | int


class Map(NamedTuple):
    """A drawing: the path of all dots, and in words from where to where it goes."""

    path: str
    words: str


def draw_map(points: Sequence[Sequence[Number]]) -> Map | None:
    """The dots of points (longitude, latitude), north above, in their true proportions; None: there are none."""
    if not points:
        return None
    longitudes, latitudes = ([float(point[axis]) for point in points] for axis in (0, 1))
    west, east, south, north = min(longitudes), max(longitudes), min(latitudes), max(latitudes)
    squeeze = cos(radians((south + north) / 2))  # a degree of longitude beside one of latitude
    scale = min(
        (WIDTH - 2 * EDGE) / max((east - west) * squeeze, LEAST_SPAN),
        (HEIGHT - 2 * EDGE) / max(north - south, LEAST_SPAN),
    )
    dots = sorted(
        {
            (
                round(WIDTH / 2 + (longitude - (west + east) / 2) * squeeze * scale),
                round(HEIGHT / 2 - (latitude - (south + north) / 2) * scale),
            )
            for longitude, latitude in zip(longitudes, latitudes, strict=True)
        }
    )
    words = f"from {south:.2f} to {north:.2f} degrees north and from {west:.2f} to {east:.2f} degrees east"
    return Map("".join(f"M{x} {y}h0" for x, y in dots), words)
