// @ts-check
/** The sheet of one item: what was found, the number on it, its condition, a note. It says at once what is missing. */
import { formatCode } from "../label-code.js";

/** @typedef {import("./count.js").Item} Item */
/** @typedef {{outcome: string, serial: string, note: string, condition: string | null}} Found */

/** What each outcome needs besides itself, as rules.py has it. */
const NEEDS = { damaged: ["condition", "note"], wrong_serial: ["serial"], not_delivered: ["note"] };
const SHOWS = { received: ["serial", "condition", "note"], damaged: ["condition", "note", "serial"], wrong_serial: ["serial", "condition", "note"], short: ["note"], not_delivered: ["note"] };

export class Sheet {
  /**
   * @param {HTMLElement} dialog
   * @param {(id: number, found: Found) => void} save
   */
  constructor(dialog, save) {
    if (!(dialog instanceof HTMLDialogElement)) throw new Error("the sheet is no dialog");
    this.dialog = dialog;
    this.form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
    this.save = save;
    this.id = 0;
    this.suggested = "";
    this.form.addEventListener("change", () => this.#fit());
    this.form.addEventListener("submit", (event) => this.#submit(event));
    dialog.querySelector("[data-cancel]")?.addEventListener("click", () => dialog.close());
  }

  /**
   * A number that belongs to no item of the round: likely the one that is on the item that the next sheet is for.
   * @param {string} text
   */
  suggest(text) {
    this.suggested = text.slice(0, 80);
  }

  /**
   * @param {Item} item
   * @param {[string, string] | undefined} outcome its present state and words
   */
  open(item, outcome) {
    this.id = item.id;
    this.form.reset();
    this.#text("[data-title]", item.serial ?? item.serial_on_paper ?? formatCode(item.code));
    this.#text("[data-under]", [item.model, formatCode(item.code), item.outcome === "pending" ? "" : outcome?.[1]].filter(Boolean).join(" · "));
    const history = this.dialog.querySelector("[data-history]");
    if (history instanceof HTMLAnchorElement) history.href = `${history.dataset.base}/${item.id}`;
    this.#complain("");
    this.#fit();
    this.dialog.showModal();
    const save = this.form.querySelector("button.primary");
    if (save instanceof HTMLElement) save.focus();
  }

  /** @param {string} selector @param {string} text */
  #text(selector, text) {
    const found = this.dialog.querySelector(selector);
    if (found) found.textContent = text;
  }

  /** Shows the fields that the chosen outcome has. */
  #fit() {
    const outcome = this.#value("outcome");
    const shown = SHOWS[/** @type {keyof typeof SHOWS} */ (outcome)] ?? [];
    for (const field of this.form.querySelectorAll("[data-field]")) {
      if (field instanceof HTMLElement) field.hidden = !shown.includes(field.dataset.field ?? "");
    }
    const serial = this.form.elements.namedItem("serial");
    if (outcome === "wrong_serial" && serial instanceof HTMLInputElement && !serial.value) serial.value = this.suggested;
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const outcome = this.#value("outcome");
    const shown = SHOWS[/** @type {keyof typeof SHOWS} */ (outcome)] ?? [];
    const given = (/** @type {string} */ name) => (shown.includes(name) ? this.#value(name).trim() : "");
    const missing = (NEEDS[/** @type {keyof typeof NEEDS} */ (outcome)] ?? []).find((name) => !given(name) || (name === "condition" && !"CD".includes(given(name))));
    if (missing) {
      const field = this.form.querySelector(`[data-field="${missing}"]`);
      this.#complain(field instanceof HTMLElement ? field.dataset.missing ?? "" : "");
      const input = field?.querySelector("input, select, textarea");
      if (input instanceof HTMLElement) input.focus();
      return;
    }
    if (outcome === "wrong_serial") this.suggested = "";
    this.dialog.close();
    this.save(this.id, { outcome, serial: given("serial"), note: given("note"), condition: given("condition") || null });
  }

  /** @param {string} name */
  #value(name) {
    return String(new FormData(this.form).get(name) ?? "");
  }

  /** @param {string} words */
  #complain(words) {
    this.#text("[data-error]", words);
  }
}
