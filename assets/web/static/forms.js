// @ts-check
/** Forms lose nothing: what is typed into a form with `data-keep` is held in this tab until it was saved. */

const PREFIX = "draft:";

/** @typedef {{sent: boolean, values: [string, string][]}} Draft */

/**
 * What may be kept: no files, no passwords, no token.
 * @param {HTMLFormElement} form
 * @returns {[string, string][]}
 */
function typed(form) {
  const secret = new Set(["csrf_token"]);
  for (const field of form.querySelectorAll("input[type=password]")) secret.add(field.getAttribute("name") ?? "");
  /** @type {[string, string][]} */
  const values = [];
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !secret.has(name)) values.push([name, value]);
  }
  return values;
}

/** @param {HTMLFormElement} form */
function key(form) {
  const account = document.querySelector('meta[name="account"]')?.getAttribute("content") ?? "";
  return `${PREFIX}${account}:${form.dataset.keep}`;
}

/**
 * @param {string} name
 * @returns {Draft | null}
 */
function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {boolean} sent
 */
function write(form, sent) {
  try {
    sessionStorage.setItem(key(form), JSON.stringify({ sent, values: typed(form) }));
  } catch {
    // No room or no storage: the form still works, it is only not kept.
  }
}

/** A page that says "saved" ends the drafts that were sent. */
function dropSaved() {
  if (!document.querySelector(".message.success")) return;
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(PREFIX) && read(name)?.sent) sessionStorage.removeItem(name);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {Draft} draft
 */
function restore(form, draft) {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
      field.checked = draft.values.some(([name, value]) => name === field.name && value === field.value);
    } else if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) {
      const kept = draft.values.find(([name]) => name === field.name);
      if (kept && field.type !== "file" && field.type !== "password") field.value = kept[1];
    }
  }
}

export function startForms() {
  try {
    dropSaved();
  } catch {
    return;
  }
  const summary = document.querySelector("[data-focus]");
  if (summary instanceof HTMLElement) summary.focus();
  for (const form of document.querySelectorAll("form[data-keep]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    const draft = read(key(form));
    // With an error summary the server has just given back what was typed, which is newer.
    if (draft && !summary) restore(form, draft);
    form.addEventListener("input", () => write(form, false));
    form.addEventListener("submit", () => write(form, true));
    form.addEventListener("reset", () => sessionStorage.removeItem(key(form)));
  }
}
