// @ts-check
/** Drawing a place: a click sets the middle of a circle or adds a corner; what is typed is drawn. The fields decide. */
import { landMap, token } from "./land.js";

const L = /** @type {any} */ (globalThis).L;
const page = /** @type {HTMLElement | null} */ (document.querySelector("[data-place-map]"));

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement | HTMLTextAreaElement | null} */ (document.getElementById(id));
}

/** @param {string} id */
function number(id) {
  const value = Number.parseFloat((input(id)?.value ?? "").replace(",", "."));
  return Number.isFinite(value) ? value : null;
}

function isCircle() {
  const chosen = /** @type {HTMLInputElement | null} */ (document.querySelector("input[name=form]:checked"));
  return !chosen || chosen.value === "circle";
}

/** @returns {[number, number][]} corners as latitude and longitude */
function corners() {
  return (input("points")?.value ?? "")
    .split("\n")
    .map((line) => (line.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number))
    .filter((pair) => pair.length === 2)
    .map(([lat, lon]) => [lat, lon]);
}

/** @param {HTMLElement} page */
function start(page) {
  const stored = page.dataset.shape ? JSON.parse(page.dataset.shape) : null;
  const map = landMap(page, () => draw());
  const marks = L.layerGroup().addTo(map);

  /** @returns {any} */
  function typed() {
    const style = { color: token("accent"), weight: 2, fillColor: token("accent"), fillOpacity: 0.2 };
    if (!input("lat")) return stored ? shown(stored, style) : null;
    if (isCircle()) {
      const lat = number("lat");
      const lon = number("lon");
      return lat === null || lon === null ? null : L.circle([lat, lon], { ...style, radius: number("radius_m") ?? 100 });
    }
    const text = (input("points")?.value ?? "").trim();
    if (text.startsWith("{")) {
      try {
        return L.geoJSON(JSON.parse(text), { style });
      } catch {
        return null; // Half a text is no outline yet.
      }
    }
    const points = corners();
    return points.length ? L.polygon(points, style) : null;
  }

  /**
   * @param {any} shape as it is stored
   * @param {any} style
   */
  function shown(shape, style) {
    if (shape.type === "Circle") return L.circle([shape.lat, shape.lon], { ...style, radius: shape.radius_m });
    return L.geoJSON(shape, { style });
  }

  function draw() {
    marks.clearLayers();
    const layer = typed();
    if (layer) layer.addTo(marks);
    if (layer && !isCircle()) for (const point of corners()) L.circleMarker(point, { radius: 4, color: token("accent"), fillOpacity: 1 }).addTo(marks);
    return layer;
  }

  const first = draw();
  if (first) map.fitBounds(first.getBounds().pad(0.6), { maxZoom: 16 });
  if (!input("lat")) return;
  map.on("click", (/** @type {any} */ event) => {
    const lat = event.latlng.lat.toFixed(5);
    const lon = event.latlng.lng.toFixed(5);
    const points = input("points");
    if (isCircle()) {
      /** @type {HTMLInputElement} */ (input("lat")).value = lat;
      /** @type {HTMLInputElement} */ (input("lon")).value = lon;
    } else if (points && !points.value.trim().startsWith("{")) {
      points.value = `${points.value.trim()}\n${lat} ${lon}`.trim();
    }
    draw();
  });
  document.addEventListener("input", draw);
  document.addEventListener("change", draw);
  document.querySelector("[data-take-back]")?.addEventListener("click", () => {
    const points = input("points");
    if (points) points.value = points.value.trim().split("\n").slice(0, -1).join("\n");
    draw();
  });
}

if (page) start(page);
