// @ts-check
/** The label form: shows the fields of the choice made, and a picture of the sheet on which the first cell is tapped. */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, string | number>} attributes @returns {SVGElement} */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** @param {HTMLFormElement} form @param {string} name */
function chosen(form, name) {
  const found = form.querySelector(`input[name="${name}"]:checked`);
  return found instanceof HTMLInputElement ? found : null;
}

/** @param {HTMLFormElement} form */
function showChoice(form) {
  const choice = chosen(form, "choice")?.value ?? "";
  for (const part of form.querySelectorAll("[data-when]")) {
    if (part instanceof HTMLElement) part.hidden = part.dataset.when !== choice;
  }
}

/** Rolls have no cells to begin in; what is peculiar about a layout stands below its name. */
/** @param {HTMLFormElement} form @param {HTMLOptionElement} layout */
function explain(form, layout) {
  const note = form.querySelector("[data-layout-note]");
  if (note) note.textContent = layout.dataset.note ?? "";
  const cells = form.querySelector("[data-sheet-only]");
  const one = Number(layout.dataset.columns) * Number(layout.dataset.rows) === 1;
  if (cells instanceof HTMLElement) cells.hidden = one;
  return one;
}

/** @param {HTMLFormElement} form @param {HTMLInputElement} start */
function draw(form, start) {
  const place = form.querySelector("[data-sheet-picture]");
  const select = form.querySelector("[data-layout]");
  const layout = select instanceof HTMLSelectElement ? select.selectedOptions[0] : null;
  if (!place || !layout) return;
  if (explain(form, layout)) {
    start.value = "1";
    return;
  }
  const [columns, rows] = [Number(layout.dataset.columns), Number(layout.dataset.rows)];
  const [width, height] = [Number(layout.dataset.width), Number(layout.dataset.height)];
  const first = Number(start.value) || 1;
  // The number field beside it does the same for keyboard and screen reader.
  const picture = shape("svg", {
    viewBox: `0 0 ${columns * width + 4} ${rows * height + 4}`, width: 220, class: "sheet-picture", "aria-hidden": "true",
  });
  for (let cell = 0; cell < columns * rows; cell += 1) {
    const x = 2 + (cell % columns) * width;
    const y = 2 + Math.floor(cell / columns) * height;
    const used = cell + 1 < first;
    const box = shape("rect", { x, y, width: width - 2, height: height - 2, rx: 2, class: used ? "gap" : cell + 1 === first ? "s1" : "s4" });
    box.addEventListener("click", () => {
      start.value = String(cell + 1);
      start.dispatchEvent(new Event("input", { bubbles: true }));
    });
    picture.append(box);
  }
  place.replaceChildren(picture);
}

export function startLabels() {
  const form = document.querySelector("form[data-labels]");
  const start = form?.querySelector("[data-start-cell]");
  if (!(form instanceof HTMLFormElement)) return;
  const show = () => {
    showChoice(form);
    if (start instanceof HTMLInputElement) draw(form, start);
  };
  form.addEventListener("change", show);
  start?.addEventListener("input", show);
  show();
}

startLabels();
