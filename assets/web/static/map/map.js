// @ts-check
/** The map: where are mine, and which are silent? Own boundaries, no foreign tiles, nobody's track. */
import { clusters } from "./cluster.js";
import { ageOpacity, ageWords, markerState } from "./age.js";

/** @typedef {{code: string, title: string, unit: string | null, lat: number | null, lon: number | null, age_s: number | null, presence: string, note?: string | null, state: {kind: string, text: string} | string}} Vehicle */

const EVERY_MS = 15000;
const CELL_PX = 44;
const BOUNDS = /** @type {[[number, number], [number, number]]} */ ([[37.1, 55.9], [45.7, 73.2]]);

const page = /** @type {HTMLElement} */ (document.querySelector("[data-map]"));
const list = /** @type {HTMLElement} */ (document.querySelector("[data-list]"));
const answer = /** @type {HTMLElement} */ (document.querySelector("[data-answer]"));
const stale = /** @type {HTMLElement} */ (document.querySelector("[data-stale]"));
const search = /** @type {HTMLInputElement} */ (document.querySelector("[data-find]"));
const L = /** @type {any} */ (globalThis).L;

/** @type {Vehicle[]} */
let vehicles = [];

const map = L.map(page, { preferCanvas: true, zoomSnap: 0.25, minZoom: 4.25, maxZoom: 16, attributionControl: false, zoomControl: false, maxBounds: [[30, 46], [52, 84]] });
L.control.zoom({ position: "bottomright", zoomInTitle: page.dataset.zoomIn, zoomOutTitle: page.dataset.zoomOut }).addTo(map);
map.fitBounds(BOUNDS);
const land = L.layerGroup().addTo(map);
const marks = L.layerGroup().addTo(map);

/** @param {string} name of a colour token */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @param {string} address */
async function json(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

async function drawLand() {
  const [neighbours, regions] = await Promise.all([json(page.dataset.neighbours ?? ""), json(page.dataset.regions ?? "")]);
  const paint = () => {
    land.clearLayers();
    L.geoJSON(neighbours, { interactive: false, style: { color: token("line"), weight: 1, fill: false } }).addTo(land);
    L.geoJSON(regions, { interactive: false, style: { color: token("line-strong"), weight: 1, opacity: 0.7, fillColor: token("surface"), fillOpacity: 1 } }).addTo(land);
    draw();
  };
  paint();
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** @param {Vehicle} vehicle */
function href(vehicle) {
  return `/a/${vehicle.code}`;
}

function shown() {
  const wanted = search.value.trim().toLocaleLowerCase();
  return vehicles.filter((vehicle) => !wanted || `${vehicle.title} ${vehicle.unit ?? ""} ${vehicle.code}`.toLocaleLowerCase().includes(wanted));
}

function draw() {
  marks.clearLayers();
  const placed = shown().filter((vehicle) => vehicle.lat !== null && vehicle.lon !== null);
  const points = placed.map((vehicle) => ({ item: vehicle, ...map.latLngToLayerPoint([vehicle.lat, vehicle.lon]) }));
  for (const group of clusters(points, map.getZoom() >= 15 ? 1 : CELL_PX)) {
    const at = map.layerPointToLatLng([group.x, group.y]);
    if (group.items.length === 1) drawOne(group.items[0]);
    else drawMany(at, group.items);
  }
}

/** @param {Vehicle} vehicle */
function drawOne(vehicle) {
  const opacity = ageOpacity(vehicle.age_s);
  L.circleMarker([vehicle.lat, vehicle.lon], { radius: 8, color: token("surface"), weight: 2, fillColor: token(markerState(vehicle)), fillOpacity: opacity, opacity: 1 })
    .bindTooltip(text(`${vehicle.title} · ${ageWords(vehicle.age_s, page.dataset)}`), { direction: "top", offset: [0, -8] })
    .on("click", () => location.assign(href(vehicle)))
    .addTo(marks);
}

/**
 * @param {unknown} at
 * @param {Vehicle[]} items
 */
function drawMany(at, items) {
  const freshest = Math.min(...items.map((vehicle) => vehicle.age_s ?? Infinity));
  const size = 30 + Math.min(18, Math.round(Math.log2(items.length) * 4));
  const icon = L.divIcon({ className: "cluster", html: text(String(items.length)), iconSize: [size, size] });
  const silent = items.filter((vehicle) => markerState(vehicle) === "unknown").length;
  const words = silent ? `${items.length} · ${page.dataset.silent}: ${silent}` : String(items.length);
  L.marker(at, { icon, opacity: Math.max(0.75, ageOpacity(freshest)), keyboard: true, title: words, alt: words })
    .on("click", () => map.fitBounds(items.map((vehicle) => [vehicle.lat, vehicle.lon]), { padding: [48, 48], maxZoom: Math.max(map.getZoom() + 1, 13) }))
    .addTo(marks);
}

/** @param {string} words as a text node: titles come from people */
function text(words) {
  const span = document.createElement("span");
  span.textContent = words;
  return span;
}

function drawList() {
  const template = /** @type {HTMLTemplateElement} */ (document.querySelector("[data-row]"));
  // The longest silent first: they are the question. Never heard of stands before all.
  const sorted = shown().sort((a, b) => (b.age_s ?? Infinity) - (a.age_s ?? Infinity) || a.title.localeCompare(b.title));
  list.replaceChildren(
    ...sorted.map((vehicle) => {
      const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
      const link = /** @type {HTMLAnchorElement} */ (row.querySelector("a"));
      const kind = markerState(vehicle);
      link.href = href(vehicle);
      fill(row, "title", vehicle.title);
      fill(row, "unit", vehicle.unit ?? "");
      // A silent one has no place to show, and says until when.
      fill(row, "age", vehicle.note ?? ageWords(vehicle.age_s, page.dataset));
      for (const mark of row.querySelectorAll("[data-kind]")) mark.toggleAttribute("hidden", mark.getAttribute("data-kind") !== kind);
      const show = /** @type {HTMLButtonElement} */ (row.querySelector("button"));
      show.hidden = vehicle.lat === null;
      show.setAttribute("aria-label", `${show.getAttribute("aria-label")}: ${vehicle.title}`);
      show.addEventListener("click", () => {
        map.setView([vehicle.lat, vehicle.lon], 13);
        page.scrollIntoView({ block: "nearest" });
      });
      return row;
    }),
  );
  const silent = vehicles.filter((vehicle) => markerState(vehicle) === "unknown").length;
  answer.textContent = (answer.dataset.words ?? "").replace("{all}", String(vehicles.length)).replace("{silent}", String(silent));
}

/**
 * @param {DocumentFragment} row
 * @param {string} name
 * @param {string} words
 */
function fill(row, name, words) {
  const place = row.querySelector(`[data-field="${name}"]`);
  if (place) place.textContent = words;
}

async function load() {
  try {
    vehicles = (await json(page.dataset.vehicles ?? "/map/vehicles")).items;
    stale.hidden = true;
    draw();
    drawList();
  } catch {
    stale.hidden = false; // What is shown stays, and says that it is not fresh.
  }
}

async function keepLoading() {
  for (;;) {
    if (!document.hidden) await load();
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

map.on("zoomend", draw);
search.addEventListener("input", () => {
  draw();
  drawList();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void load();
});
void drawLand();
void keepLoading();
