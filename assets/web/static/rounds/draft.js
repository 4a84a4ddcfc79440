// @ts-check
/**
 * What is typed into the grid is held in this tab until it was saved, as forms.js does for plain forms and in its shape:
 * a page that says "saved" ends the drafts that were sent.
 */

/** @typedef {{sent: boolean, values: [string, string][]}} Draft */

/**
 * @param {HTMLFormElement} form
 * @param {string[]} names of the cells
 * @param {(count: number) => HTMLTableRowElement[]} rowsFor makes so many rows, and gives them
 */
export function keepDraft(form, names, rowsFor) {
  const account = document.querySelector('meta[name="account"]')?.getAttribute("content") ?? "";
  const key = `draft:${account}:${form.dataset.grid}`;
  const draft = read(key);
  // With errors the server has just given back what was typed, which is newer.
  if (draft && !document.querySelector(".errors")) restore(form, draft, names, rowsFor);
  const write = (/** @type {boolean} */ sent) => {
    /** @type {[string, string][]} */
    const values = [];
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && name !== "csrf_token") values.push([name, value]);
    }
    try {
      sessionStorage.setItem(key, JSON.stringify({ sent, values }));
    } catch {
      // No room or no storage: the grid still works, it is only not kept.
    }
  };
  for (const name of ["input", "grid-changed"]) form.addEventListener(name, () => write(false));
  form.addEventListener("submit", () => write(true));
}

/**
 * @param {string} key
 * @returns {Draft | null}
 */
function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {Draft} draft
 * @param {string[]} names
 * @param {(count: number) => HTMLTableRowElement[]} rowsFor
 */
function restore(form, draft, names, rowsFor) {
  const columns = new Map(names.map((name) => [name, draft.values.filter(([each]) => each === `line_${name}`).map(([, value]) => value)]));
  const count = Math.max(0, ...[...columns.values()].map((column) => column.length));
  for (const [at, row] of rowsFor(count).entries()) {
    for (const [name, column] of columns) {
      const field = row.querySelector(`[name="line_${name}"]`);
      if (field && "value" in field) field.value = column[at] ?? "";
    }
  }
  for (const field of form.elements) {
    if (!("name" in field) || !("value" in field) || String(field.name).startsWith("line_") || field instanceof HTMLButtonElement) continue;
    const kept = draft.values.find(([name]) => name === field.name);
    if (kept && field.name !== "csrf_token") field.value = kept[1];
  }
}
