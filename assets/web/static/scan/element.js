// @ts-check
/** Builds page elements; text is always text, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | number | null | undefined>} [attributes] true: bare; false, null: left out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * @param {string} name symbol of icons.svg
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${new URL("../icons.svg", import.meta.url).pathname}#${name}`);
  svg.append(use);
  return svg;
}

const STATES = { ready: "check", due: "clock", blocked: "block", unknown: "question", away: "arrow" };

/**
 * One of the five states: word, icon and colour.
 * @param {string} kind
 * @param {string} text
 * @param {boolean} [large]
 */
export function state(kind, text, large = false) {
  const known = Object.hasOwn(STATES, kind) ? /** @type {keyof typeof STATES} */ (kind) : "unknown";
  return el("span", { class: `state ${known}${large ? " large" : ""}` }, icon(STATES[known]), text);
}

/**
 * @param {"success" | "warning" | "error"} kind
 * @param {string} text
 */
export function message(kind, text) {
  const icons = { success: "check", warning: "warn", error: "block" };
  return el("div", { class: `message ${kind}`, role: kind === "error" ? "alert" : "status", "data-testid": "scan-message" }, icon(icons[kind]), el("div", {}, text));
}

/**
 * What the page must have, of the kind that the script needs.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function part(selector, type) {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}
