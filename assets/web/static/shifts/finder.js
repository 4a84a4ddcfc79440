// @ts-check
/** Label after label: from the camera, typing or a USB scanner; and what is known of each, with or without a connection. */
import { CodeError, ForeignAddress, codeFromScan, formatCode } from "../label-code.js";
import { Camera, cameraWords } from "../scan/camera.js";
import { el, icon } from "../scan/element.js";
import { isWord, word } from "../scan/words.js";
import { ownBases } from "../wedge.js";
import { say } from "./words.js";

/** @typedef {import("../scan/types.js").Asset} Asset */

const PATIENCE_MS = 4000;
/** The same label stays in the picture for a while: it is one scan. */
const SAME_AGAIN_MS = 3000;

/** @param {CodeError} error */
function wrong(error) {
  if (error instanceof ForeignAddress) return word("foreign", { host: error.host });
  return isWord(error.reason) ? word(error.reason) : word("not_a_label");
}

/**
 * @param {(code: string) => void} found called for each label
 * @returns {HTMLElement}
 */
export function finder(found) {
  const input = el("input", { id: "shift-code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", placeholder: "XXXXX-XXXXX", maxlength: 200, "data-wedge": true, "data-testid": "scan-code", "aria-describedby": "shift-code-error" });
  const error = el("div", { class: "error", id: "shift-code-error", role: "alert" });
  const video = el("video", { playsinline: true, muted: true, "aria-hidden": "true" });
  const viewer = el("div", { class: "viewer", hidden: true }, video);
  const button = el("button", { type: "button", "data-testid": "camera", "aria-pressed": "false" }, icon("scan"), say("scan"));
  let last = "";
  let at = 0;
  /** @param {string} text */
  const take = (text) => {
    try {
      const code = codeFromScan(text, ownBases());
      if (code === last && Date.now() - at < SAME_AGAIN_MS) return;
      last = code;
      at = Date.now();
      error.replaceChildren();
      navigator.vibrate?.(40);
      found(code);
    } catch (problem) {
      if (!(problem instanceof CodeError)) throw problem;
      error.replaceChildren(icon("warn"), el("span", {}, wrong(problem)));
    }
  };
  const camera = new Camera(video, take);
  const film = async (/** @type {boolean} */ on) => {
    viewer.hidden = !on;
    button.setAttribute("aria-pressed", String(on));
    button.replaceChildren(icon("scan"), say(on ? "stop_scan" : "scan"));
    if (!on) return camera.stop();
    const problem = await camera.start();
    if (!problem) return;
    error.replaceChildren(icon("warn"), el("span", {}, cameraWords(problem)));
    if (problem !== "reader") await film(false);
  };
  button.addEventListener("click", () => void film(viewer.hidden));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !viewer.hidden) void film(false); // A phone in a pocket must not film.
  });
  document.addEventListener("label-scanned", (event) => {
    event.preventDefault();
    if (event instanceof CustomEvent) take(event.detail.code);
  });
  const form = el(
    "form",
    { class: "field" },
    el("label", { for: "shift-code" }, say("type_code")),
    el("div", { class: "code-entry" }, input, el("button", { "data-testid": "add-code" }, say("add"))),
    error,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(input.value);
    if (!error.childElementCount) input.value = "";
    input.focus();
  });
  return el("div", { class: "stack finder filming" }, viewer, button, form);
}

/**
 * @param {string} code
 * @returns {Promise<Asset | string | null>} what is known of it; words where there is no such item; null: not known here
 */
export async function itemOf(code) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(`/scan/asset/${code}`, { headers: { Accept: "application/json" }, redirect: "error", signal: stop.signal });
    if (response.status === 404) return word("unknown_code", { code: formatCode(code) });
    if (response.ok) return await response.json();
  } catch {
    // No connection: what this device knows.
  } finally {
    clearTimeout(timer);
  }
  try {
    return await (await import("../known/known.js")).lookup(code);
  } catch {
    return null;
  }
}
