// @ts-check
/** The grid of a round: rows by keyboard, paste from a sheet, numbers by camera, running totals, a kept draft. */
import { Camera } from "../scan/camera.js";
import { keepDraft } from "./draft.js";
import { foldNumber } from "./fold.js";
import { drawTotals, serialsOf } from "./totals.js";

const NAMES = ["model", "class", "quantity", "unit", "agency", "unit_value", "serials"];

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-grid]"));
const body = /** @type {HTMLTableSectionElement} */ (form.querySelector("tbody"));
const empty = /** @type {HTMLTemplateElement} */ (form.querySelector("[data-empty-line]"));

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Cell */

/** @returns {HTMLTableRowElement[]} */
function rows() {
  return [...body.querySelectorAll("tr")];
}

/**
 * @param {HTMLTableRowElement} row
 * @param {string} name
 * @returns {Cell}
 */
function cell(row, name) {
  return /** @type {Cell} */ (row.querySelector(`[name="line_${name}"]`));
}

/**
 * A row after this one (or at the end): empty, or with the values of another but its numbers.
 * @param {HTMLTableRowElement | null} after
 * @param {HTMLTableRowElement | null} [like]
 * @returns {HTMLTableRowElement}
 */
function addRow(after, like = null) {
  const row = /** @type {HTMLTableRowElement} */ (/** @type {HTMLElement} */ (empty.content.querySelector("tr")).cloneNode(true));
  if (after) after.after(row);
  else body.append(row);
  // The next line mostly goes to the same unit and agency as the one before.
  for (const name of like ? NAMES.slice(0, -1) : ["unit", "agency"]) {
    const from = like ?? after;
    if (from) cell(row, name).value = cell(from, name).value;
  }
  ready(row);
  renumber();
  return row;
}

/** @param {HTMLTableRowElement} row */
function removeRow(row) {
  const all = rows();
  const at = all.indexOf(row);
  if (all.length === 1) addRow(row);
  row.remove();
  renumber();
  changed();
  const next = rows()[Math.min(at, rows().length - 1)];
  cell(next, "model").focus();
}

/** @param {HTMLTableRowElement} row */
function ready(row) {
  for (const button of row.querySelectorAll(".row-action")) button.removeAttribute("hidden");
}

/** Ids and descriptions follow the place, so that what the server says of line 3 stands in line 3. */
function renumber() {
  for (const [at, row] of rows().entries()) {
    for (const name of NAMES) {
      const field = cell(row, name);
      field.id = `${name}-${at + 1}`;
      field.setAttribute("aria-describedby", `${name}-${at + 1}-error`);
      const error = field.closest("td")?.querySelector(".cell-error");
      if (error) error.id = `${name}-${at + 1}-error`;
    }
  }
}

/** A model that is known brings its class. */
/** @param {HTMLTableRowElement} row */
function takeClass(row) {
  const typed = cell(row, "model").value.trim().toLowerCase();
  for (const option of document.querySelectorAll("#models option")) {
    if (option instanceof HTMLOptionElement && option.value.toLowerCase() === typed) cell(row, "class").value = option.dataset.class ?? "";
  }
}

/** As many items as numbers, while nobody says another quantity. */
/** @param {HTMLTableRowElement} row */
function takeQuantity(row) {
  const quantity = cell(row, "quantity");
  const count = serialsOf(cell(row, "serials").value).length;
  if (quantity.value.trim() === "" || quantity.value === row.dataset.counted) quantity.value = count ? String(count) : "";
  row.dataset.counted = String(count);
}

function changed() {
  drawTotals(form, rows(), cell);
  form.dispatchEvent(new Event("grid-changed"));
}

/**
 * Rows of a sheet, pasted into a cell: columns go to the right, rows downwards.
 * @param {ClipboardEvent} event
 */
function paste(event) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const field = event.target;
  if (!(field instanceof HTMLElement) || !(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) return;
  const start = NAMES.indexOf(field.name.replace("line_", ""));
  // A column of numbers belongs into one cell; more than one column, or rows into another cell, are a part of a sheet.
  if (start === -1 || (field.name === "line_serials" && !text.includes("\t")) || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  let row = field.closest("tr");
  for (const line of text.replace(/\r/g, "").replace(/\n+$/, "").split("\n")) {
    if (!row) row = addRow(rows().at(-1) ?? null);
    const values = line.split("\t");
    for (const [at, value] of values.entries()) {
      const name = NAMES[start + at];
      if (name) put(cell(row, name), name === "serials" ? values.slice(at).join("\n") : value.trim());
      if (name === "serials") break;
    }
    takeClass(row);
    takeQuantity(row);
    row = row.nextElementSibling instanceof HTMLTableRowElement ? row.nextElementSibling : null;
  }
  changed();
}

/**
 * A choice takes its value or its words.
 * @param {Cell} field
 * @param {string} value
 */
function put(field, value) {
  if (!(field instanceof HTMLSelectElement)) {
    field.value = value;
    return;
  }
  const wanted = value.toLowerCase();
  const option = [...field.options].find((each) => each.value.toLowerCase() === wanted || each.text.trim().toLowerCase() === wanted);
  if (option) field.value = option.value;
}

/** @param {KeyboardEvent} event */
function keys(event) {
  const field = event.target;
  const row = field instanceof HTMLElement ? field.closest("tr[data-line]") : null;
  if (!(row instanceof HTMLTableRowElement) || !(field instanceof HTMLElement)) return;
  const strong = event.ctrlKey || event.metaKey;
  const name = field.getAttribute("name")?.replace("line_", "") ?? "";
  if (event.key === "Enter" && (strong || field instanceof HTMLInputElement)) {
    // Enter never sends a half-typed grid: it goes down the column, and makes the row that is not there.
    event.preventDefault();
    const next = strong ? addRow(row) : (row.nextElementSibling ?? addRow(row));
    if (next instanceof HTMLTableRowElement) cell(next, strong || !name ? "model" : name).focus();
  } else if (strong && event.code === "KeyD") {
    event.preventDefault();
    cell(addRow(row, row), "serials").focus();
    changed();
  } else if (strong && event.key === "Delete") {
    event.preventDefault();
    removeRow(row);
  } else if (strong && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const beside = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    if (!(beside instanceof HTMLTableRowElement) || !name) return;
    event.preventDefault();
    cell(beside, name).focus();
  }
}

/** Films one number after the other into a row. */
/** @param {HTMLTableRowElement} row */
async function film(row) {
  const dialog = document.querySelector("#film");
  const video = dialog?.querySelector("video");
  const said = dialog?.querySelector(".said");
  const words = dialog?.querySelector(".film");
  if (!(dialog instanceof HTMLDialogElement) || !video || !said || !(words instanceof HTMLElement)) return;
  const field = cell(row, "serials");
  const camera = new Camera(
    video,
    (text) => {
      const number = text.trim().slice(0, 80);
      const known = new Set(serialsOf(field.value).map(foldNumber));
      if (known.has(foldNumber(number))) {
        said.textContent = `${words.dataset.again} ${number}`;
        return;
      }
      navigator.vibrate?.(40);
      field.value = [...serialsOf(field.value), number].join("\n");
      said.textContent = `${known.size + 1}: ${number}`;
      takeQuantity(row);
      changed();
    },
    true,
  );
  dialog.addEventListener("close", () => camera.stop(), { once: true });
  dialog.showModal();
  const problem = await camera.start();
  if (problem) said.textContent = words.dataset[problem] ?? "";
}

body.addEventListener("input", (event) => {
  const row = event.target instanceof HTMLElement ? event.target.closest("tr") : null;
  if (!row) return;
  const name = event.target instanceof HTMLElement ? event.target.getAttribute("name") : "";
  if (name === "line_model") takeClass(row);
  if (name === "line_serials") takeQuantity(row);
  changed();
});
body.addEventListener("paste", paste);
body.addEventListener("keydown", keys);
body.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-do]") : null;
  const row = button?.closest("tr");
  if (!(button instanceof HTMLElement) || !row) return;
  if (button.dataset.do === "scan") void film(row);
  else if (button.dataset.do === "remove") removeRow(row);
  else {
    cell(addRow(row, row), "serials").focus();
    changed();
  }
});
const more = form.querySelector("[data-more]");
if (more instanceof HTMLButtonElement) {
  // No submit button any more: Enter in the head would press the first one.
  more.type = "button";
  more.addEventListener("click", () => {
    cell(addRow(rows().at(-1) ?? null), "model").focus();
    changed();
  });
}
form.addEventListener("input", () => drawTotals(form, rows(), cell));
document.querySelector("[data-done-filming]")?.addEventListener("click", () => {
  const dialog = document.querySelector("#film");
  if (dialog instanceof HTMLDialogElement) dialog.close();
});

keepDraft(form, NAMES, (count) => {
  while (rows().length < count) addRow(null);
  return rows();
});
for (const row of rows()) {
  ready(row);
  row.dataset.counted = String(serialsOf(cell(row, "serials").value).length);
}
form.querySelector("[data-keys]")?.removeAttribute("hidden");
changed();
