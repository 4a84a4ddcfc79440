// @ts-check
/** The scan page: a code comes from the camera, a photo, typing or a USB scanner; then the asset, then one action. */
import { CodeError, ForeignAddress, codeFromScan, formatCode } from "../label-code.js";
import { ownBases } from "../wedge.js";
import { dataOf } from "./actions.js";
import { Camera } from "./camera.js";
import { drop, kept, submit } from "./commands.js";
import { el, icon, message } from "./element.js";
import { FieldError } from "./fields.js";
import { reader } from "./reader.js";
import { actionView, assetView } from "./view.js";
import { isWord, word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */

/**
 * @template {Element} T
 * @param {string} name
 * @param {new () => T} type
 * @returns {T}
 */
function part(name, type) {
  const found = document.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`the page has no part ${name}`);
  return found;
}

const finder = part("finder", HTMLElement);
const result = part("result", HTMLElement);
const note = part("camera-note", HTMLElement);
const torchButton = part("torch", HTMLButtonElement);
const codeForm = part("code-form", HTMLFormElement);
const codeInput = part("code", HTMLInputElement);
const codeError = part("code-error", HTMLElement);
const photo = part("photo", HTMLInputElement);
const nextBar = part("next", HTMLElement);
const parkedList = part("parked", HTMLElement);

let opened = 0;
const camera = new Camera(part("video", HTMLVideoElement), (text) => take(text, say));

/**
 * What is wrong with a scanned or typed text, in words.
 * @param {CodeError} error
 */
function codeWords(error) {
  if (error instanceof ForeignAddress) return word("foreign", { host: error.host });
  return isWord(error.reason) ? word(error.reason) : word("not_a_label");
}

/** @param {string} words */
function say(words) {
  note.textContent = words;
}

/**
 * Opens the asset of a text, or says why it is none of ours.
 * @param {string} text
 * @param {(words: string) => void} complain
 */
function take(text, complain) {
  try {
    const code = codeFromScan(text, ownBases());
    navigator.vibrate?.(40);
    void open(code);
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    complain(codeWords(error));
  }
}

async function startCamera() {
  finder.hidden = false;
  nextBar.hidden = true;
  result.replaceChildren();
  codeError.textContent = "";
  say(word("camera_point"));
  const problem = await camera.start();
  finder.classList.toggle("filming", problem === null || problem === "reader");
  if (problem) say(word(problem === "denied" ? "camera_denied" : problem === "none" ? "camera_none" : "reader_broken"));
  torchButton.hidden = !camera.torch();
  torchButton.setAttribute("aria-pressed", "false");
}

/** @param {string} code */
async function open(code) {
  camera.stop();
  opened += 1;
  const mine = opened;
  finder.hidden = true;
  nextBar.hidden = false;
  history.replaceState(null, "", `?code=${code}`);
  result.replaceChildren(el("p", { class: "muted", role: "status" }, word("looking")));
  const answer = await ask(code);
  if (mine !== opened) return;
  if (typeof answer === "string") result.replaceChildren(message("error", answer));
  else showAsset(answer);
}

/**
 * @param {string} code
 * @returns {Promise<Asset | string>} the asset, or what to say instead
 */
async function ask(code) {
  try {
    const response = await fetch(`/scan/asset/${code}`, { headers: { Accept: "application/json" } });
    if (response.status === 404) return word("unknown_code", { code: formatCode(code) });
    if (response.status === 401 || response.redirected) return word("signed_out");
    if (!response.ok) return word("server_error", { status: response.status });
    return await response.json();
  } catch {
    return word("no_network");
  }
}

/**
 * @param {Asset} asset
 * @param {HTMLElement} [said] what came of the action before
 */
function showAsset(asset, said) {
  const view = assetView(asset, (kind) => showAction(asset, kind));
  result.replaceChildren(...(said ? [said] : []), view);
  nextBar.hidden = false;
  focusHead();
}

/**
 * @param {Asset} asset
 * @param {string} kind
 */
function showAction(asset, kind) {
  const form = actionView(asset, kind, { confirm: (filled) => void confirm(asset, kind, filled), back: () => showAsset(asset) });
  const head = el("p", { class: "muted" }, `${asset.title} · `, el("span", { class: "code" }, formatCode(asset.code)));
  result.replaceChildren(head, form);
  nextBar.hidden = true;
  focusHead();
}

function focusHead() {
  scrollTo(0, 0);
  const head = result.querySelector("h1, h2");
  if (head instanceof HTMLElement) head.focus({ preventScroll: true });
}

/**
 * @param {Asset} asset
 * @param {string} kind
 * @param {HTMLFormElement} form
 */
async function confirm(asset, kind, form) {
  const error = form.querySelector("[data-error]");
  const button = form.querySelector('[data-testid="action-confirm"]');
  if (!(error instanceof HTMLElement) || !(button instanceof HTMLButtonElement) || button.disabled) return;
  /** @type {Record<string, unknown>} */
  let data;
  try {
    data = dataOf(kind, form, asset);
  } catch (problem) {
    if (!(problem instanceof FieldError)) throw problem;
    error.replaceChildren(icon("warn"), problem.message);
    form.querySelector(`#f-${problem.field}`)?.scrollIntoView({ block: "center" });
    return;
  }
  button.disabled = true;
  button.replaceChildren(word("sending"));
  const outcome = await submit({ kind, code: asset.code, data });
  if (outcome.status === "refused") {
    showAction(asset, kind);
    result.prepend(message("error", word("refused", { words: outcome.message ?? outcome.code ?? "" })));
    refill(form);
    return;
  }
  const said =
    outcome.status === "kept"
      ? message("warning", word(`kept_${outcome.reason ?? "server"}`))
      : message("success", word(outcome.status));
  const fresh = await ask(asset.code);
  showAsset(typeof fresh === "string" ? asset : fresh, said);
}

/** A refused action keeps what was typed: the new form takes the old one's answers. */
/** @param {HTMLFormElement} old */
function refill(old) {
  const form = result.querySelector("form");
  if (!form) return;
  for (const [name, value] of new FormData(old)) {
    for (const field of form.querySelectorAll(`[name="${name}"]`)) {
      if (field instanceof HTMLInputElement && field.type === "radio") {
        field.checked = field.value === value;
        // What opens only with this choice opens again.
        if (field.checked) field.dispatchEvent(new Event("change", { bubbles: true }));
      } else if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && typeof value === "string") field.value = value;
    }
  }
}

/** What the server could not take as a whole, with its words, until a person removes it. */
function drawParked() {
  const entries = kept().filter((entry) => entry.parked);
  parkedList.replaceChildren(
    ...entries.map((entry) => {
      const remove = el("button", { type: "button" }, word("remove"));
      remove.addEventListener("click", () => drop(new Set([entry.command.id])));
      return el("li", { class: "row" }, el("span", {}, `${word("parked")}: ${entry.command.kind} ${formatCode(entry.command.code)} · ${entry.parked}`), remove);
    }),
  );
}

async function takePhoto() {
  const file = photo.files?.[0];
  if (!file) return;
  say(word("looking"));
  try {
    const text = await (await reader()).readPhoto(file);
    if (text) take(text, say);
    else say(word("photo_nothing"));
  } catch {
    say(word("reader_broken"));
  }
  photo.value = "";
}

codeForm.addEventListener("submit", (event) => {
  event.preventDefault();
  take(codeInput.value, (words) => codeError.replaceChildren(icon("warn"), el("span", {}, words)));
});
photo.addEventListener("change", () => void takePhoto());
torchButton.addEventListener("click", () => {
  const on = torchButton.getAttribute("aria-pressed") !== "true";
  torchButton.setAttribute("aria-pressed", String(on));
  void camera.light(on);
});
part("again", HTMLButtonElement).addEventListener("click", () => {
  history.replaceState(null, "", location.pathname);
  codeInput.value = "";
  void startCamera();
});
document.addEventListener("label-scanned", (event) => {
  event.preventDefault();
  if (event instanceof CustomEvent) void open(event.detail.code);
});
document.addEventListener("visibilitychange", () => {
  if (finder.hidden) return;
  if (document.hidden) camera.stop(); // A phone in a pocket must not film.
  else void startCamera();
});
document.addEventListener("unsent-changed", drawParked);
drawParked();

const given = new URLSearchParams(location.search).get("code");
if (given) take(given, (words) => void startCamera().then(() => say(words)));
else void startCamera();
