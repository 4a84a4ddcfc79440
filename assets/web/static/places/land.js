// @ts-check
/** A map of the country without foreign tiles: our own boundaries, in the colours of the theme. */

const L = /** @type {any} */ (globalThis).L;
const BOUNDS = /** @type {[[number, number], [number, number]]} */ ([[37.1, 55.9], [45.7, 73.2]]);

/** @param {string} name of a colour token */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @param {string} address */
async function json(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
}

/**
 * @param {HTMLElement} page with the addresses of the boundaries in its data
 * @param {() => void} repaint what lies on the land, in the theme's new colours
 */
export function landMap(page, repaint) {
  const map = L.map(page, { zoomSnap: 0.25, minZoom: 4.25, maxZoom: 18, attributionControl: false, zoomControl: false, maxBounds: [[30, 46], [52, 84]] });
  L.control.zoom({ position: "bottomright", zoomInTitle: page.dataset.zoomIn, zoomOutTitle: page.dataset.zoomOut }).addTo(map);
  map.fitBounds(BOUNDS);
  const land = L.layerGroup().addTo(map);
  void Promise.all([json(page.dataset.neighbours ?? ""), json(page.dataset.regions ?? "")]).then(([neighbours, regions]) => {
    const paint = () => {
      land.clearLayers();
      L.geoJSON(neighbours, { interactive: false, style: { color: token("line"), weight: 1, fill: false } }).addTo(land);
      L.geoJSON(regions, { interactive: false, style: { color: token("line-strong"), weight: 1, opacity: 0.7, fillColor: token("surface"), fillOpacity: 1 } }).addTo(land);
      repaint();
    };
    paint();
    new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  });
  return map;
}
