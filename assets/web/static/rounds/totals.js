// @ts-check
/** Running totals of the grid: lines, items, their value in its currency and in US dollars. */
import { el } from "../scan/element.js";

/**
 * The numbers in a cell, as the server reads them: one on each line, or between tabs, commas, semicolons.
 * @param {string} text
 * @returns {string[]}
 */
export function serialsOf(text) {
  return text.split(/[\n\t;,]/).map((part) => part.trim()).filter(Boolean);
}

/**
 * A number as people type it; null for none.
 * @param {string} text
 */
function read(text) {
  const cleaned = text.replace(/[\s\u00a0\u202f']/g, "");
  const plain = cleaned.includes(",") && !cleaned.includes(".") ? cleaned.replace(",", ".") : cleaned.replace(/,/g, "");
  const number = Number(plain);
  return plain !== "" && Number.isFinite(number) ? number : null;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLTableRowElement[]} rows
 * @param {(row: HTMLTableRowElement, name: string) => {value: string}} cell
 */
export function drawTotals(form, rows, cell) {
  const place = form.querySelector("[data-totals]");
  if (!(place instanceof HTMLElement)) return;
  const words = place.dataset;
  let lines = 0;
  let items = 0;
  let value = 0;
  let numbered = 0;
  for (const row of rows) {
    const serials = serialsOf(cell(row, "serials").value).length;
    const quantity = read(cell(row, "quantity").value) ?? serials;
    if (!quantity && !cell(row, "model").value.trim()) continue;
    lines += 1;
    items += quantity;
    numbered += Math.min(serials, quantity);
    value += quantity * (read(cell(row, "unit_value").value) ?? 0);
  }
  const typed = (/** @type {string} */ name) => {
    const field = form.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.value.trim() : "";
  };
  const currency = (typed("currency") || words.currency || "").toUpperCase();
  const rate = read(typed("usd_rate"));
  const show = (/** @type {number} */ number, decimals = 0) => number.toLocaleString(words.locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const one = (/** @type {string | undefined} */ label, /** @type {string} */ text) => el("span", {}, `${label}: `, el("strong", {}, text));
  place.hidden = false;
  place.replaceChildren(
    one(words.lines, show(lines)),
    one(words.items, show(items)),
    ...(items > numbered ? [one(words.unnumbered, show(items - numbered))] : []),
    one(words.value, `${show(value, 2)} ${currency}`),
    ...(rate && currency !== "USD" ? [one(words.usd, `${show(value / rate, 2)} USD`)] : []),
  );
}
