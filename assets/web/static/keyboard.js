// @ts-check
/** The keyboard on every page: `/` searches, `j` and `k` walk the rows, Enter opens; a typed code opens its asset. */
import { CodeError, codeFromScan } from "./label-code.js";
import { ownBases } from "./wedge.js";

/** @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable], dialog[open]") !== null;
}

/** @returns {HTMLElement[]} */
function rows() {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-rows] tbody tr[data-href], [data-rows] .ticket")]);
}

/** @param {number} step */
function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = Math.min(all.length - 1, Math.max(0, at === -1 ? (step > 0 ? 0 : all.length - 1) : at + step));
  all[at]?.classList.remove("at");
  all[next].classList.add("at");
  const link = all[next].matches("a") ? all[next] : all[next].querySelector("a");
  if (link instanceof HTMLElement) link.focus({ preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  // By the key's place as well as its letter, so that j, k and / work under a Cyrillic layout too.
  if (event.key === "/" || (event.code === "Slash" && !event.shiftKey)) {
    const search = document.querySelector("[data-search]");
    if (search instanceof HTMLElement && search.offsetParent !== null) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.code === "KeyJ") walk(1);
  else if (event.code === "KeyK") walk(-1);
  else if (event.key === "Enter" && event.target === document.body) {
    const href = document.querySelector("[data-rows] tr.at")?.getAttribute("data-href");
    if (href) location.assign(href);
  }
}

/** @param {MouseEvent} event */
function onClick(event) {
  if (!(event.target instanceof Element) || event.target.closest("a, button, input, label, summary")) return;
  const href = event.target.closest("tr[data-href]")?.getAttribute("data-href");
  // A person who marks text in a row wants to copy it, not to leave the page.
  if (!href || getSelection()?.toString()) return;
  if (event.ctrlKey || event.metaKey) open(href);
  else location.assign(href);
}

/** @param {SubmitEvent} event */
function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-code-entry]") || event.defaultPrevented) return;
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("code"));
  try {
    const code = codeFromScan(input.value, ownBases());
    event.preventDefault();
    location.assign(`/a/${code}`);
  } catch (error) {
    // The server says what is wrong, in the reader's language.
    if (!(error instanceof CodeError)) throw error;
  }
}

export function startKeyboard() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
}
