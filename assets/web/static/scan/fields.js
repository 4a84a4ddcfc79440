// @ts-check
/** The fields of the action forms, each with its label and its way to read the value. */
import { el } from "./element.js";
import { word } from "./words.js";

/** What a field says when its value cannot be sent. */
export class FieldError extends Error {
  /**
   * @param {string} words
   * @param {string} name of the field to go to
   */
  constructor(words, name) {
    super(words);
    this.field = name;
  }
}

/**
 * @param {string} name
 * @param {string} label
 * @param {HTMLElement} control
 * @param {{required?: boolean, hint?: string}} [options]
 */
export function field(name, label, control, { required = false, hint = "" } = {}) {
  control.id = `f-${name}`;
  control.setAttribute("name", name);
  if (hint) control.setAttribute("aria-describedby", `f-${name}-hint`);
  return el(
    "div",
    { class: "field" },
    el("label", { for: `f-${name}` }, label, !required && el("span", { class: "optional" }, ` (${word("optional")})`)),
    hint ? el("div", { class: "hint", id: `f-${name}-hint` }, hint) : null,
    control,
  );
}

/**
 * A row of large buttons of which one can be chosen.
 * @param {string} name
 * @param {string} label
 * @param {[string, string][]} options value, words
 * @param {{required?: boolean, chosen?: string}} [settings]
 */
export function choices(name, label, options, { required = false, chosen = "" } = {}) {
  return el(
    "fieldset",
    { class: "field", id: `f-${name}` },
    el("legend", {}, label, !required && el("span", { class: "optional" }, ` (${word("optional")})`)),
    el(
      "div",
      { class: "choices" },
      ...options.map(([value, words]) =>
        el("label", { class: "choice" }, el("input", { type: "radio", name, value, checked: value === chosen, "data-testid": `${name}-${value}` }), el("span", {}, words)),
      ),
    ),
  );
}

/** @param {boolean} required */
export function condition(required) {
  /** @type {[string, string][]} */
  const grades = [["A", word("grade_A")], ["B", word("grade_B")], ["C", word("grade_C")], ["D", word("grade_D")]];
  return choices("condition", word("condition"), grades, { required });
}

/**
 * @param {FormData} data
 * @param {string} name
 * @returns {string} trimmed, "" when nothing was given
 */
export function text(data, name) {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/**
 * @param {FormData} data
 * @param {string} name
 * @param {string} label
 */
export function needed(data, name, label) {
  const value = text(data, name);
  if (!value) throw new FieldError(word("missing", { field: label }), name);
  return value;
}

/**
 * A number as people write it: comma or point, spaces between thousands.
 * @param {FormData} data
 * @param {string} name
 * @param {string} label
 * @returns {number | null} null when nothing was given
 */
export function number(data, name, label) {
  const value = text(data, name).replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  if (!value) return null;
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(value)) throw new FieldError(word("not_a_number", { field: label }), name);
  return Number(value);
}

/**
 * How often something was used: a whole number from 1.
 * @param {FormData} data
 * @param {string} name
 * @param {string} label
 * @returns {number | null} null when nothing was given
 */
export function wholeNumber(data, name, label) {
  const value = number(data, name, label);
  if (value !== null && (value < 1 || !Number.isInteger(value))) throw new FieldError(word("not_a_count", { field: label }), name);
  return value;
}
