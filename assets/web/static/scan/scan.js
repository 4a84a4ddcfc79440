// @ts-check
/** The scan page: a code comes from the camera, a photo, typing or a USB scanner; then the asset, then one action. */
import { CodeError, ForeignAddress, codeFromScan, formatCode } from "../label-code.js";
import { ownBases } from "../wedge.js";
import { Camera, cameraWords } from "./camera.js";
import { el, icon, message, part } from "./element.js";
import { reader } from "./reader.js";
import { isWord, word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */

const finder = part("[data-part=finder]", HTMLElement);
const result = part("[data-part=result]", HTMLElement);
const note = part("[data-part=camera-note]", HTMLElement);
const torchButton = part("[data-part=torch]", HTMLButtonElement);
const codeForm = part("[data-part=code-form]", HTMLFormElement);
const codeInput = part("[data-part=code]", HTMLInputElement);
const codeError = part("[data-part=code-error]", HTMLElement);
const photo = part("[data-part=photo]", HTMLInputElement);
const nextBar = part("[data-part=next]", HTMLElement);

/** @type {typeof import("./rest.js") | null} what there is to do with an item: it comes while its label is still looked for */
let rest = null;

/** @returns {Promise<boolean>} whether it has come; asked again, it is fetched again */
async function ready() {
  try {
    rest ??= await import("./rest.js");
    return true;
  } catch {
    return false;
  }
}

/** For what is reached through an item alone. */
function parts() {
  if (!rest) throw new Error("an item is shown before its parts have come");
  return rest;
}

const PATIENCE_MS = 4000;
let opened = 0;
/** @type {Asset | null} a blank label whose item is being scanned */
let claiming = null;
const camera = new Camera(part("[data-part=video]", HTMLVideoElement), (text) => take(text, say));

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
    if (code === claiming?.code) return; // Still the blank label: its item's old one is awaited.
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
  if (problem) say(cameraWords(problem));
  torchButton.hidden = !camera.torch();
  torchButton.setAttribute("aria-pressed", "false");
}

/** @param {string} code */
async function open(code) {
  camera.stop();
  if (claiming) {
    claim(claiming, code);
    return;
  }
  opened += 1;
  const mine = opened;
  finder.hidden = true;
  nextBar.hidden = false;
  history.replaceState(null, "", `?code=${code}`);
  result.replaceChildren(el("p", { class: "muted", role: "status" }, word("looking")));
  const [answer, complete] = await Promise.all([ask(code), ready()]);
  if (mine !== opened) return;
  if (!complete) result.replaceChildren(message("error", word("no_network")));
  else if (typeof answer === "string") showUnknown(code, answer);
  else showAsset(answer);
}

/**
 * A code that leads nowhere yet may be on something that another unit has sent: its receipt can be recorded all the same.
 * @param {string} code
 * @param {string} words why nothing is shown
 */
function showUnknown(code, words) {
  const receives = document.querySelector("[data-receives]");
  if (!receives) {
    result.replaceChildren(message("error", words));
    return;
  }
  /** @type {Asset} */
  const unknown = {
    code, title: formatCode(code), class: "", state: { kind: "unknown", text: "" }, fit: { ok: null, reasons: [] }, custodian: null,
    unit: null, meters: [], usual_use: null, operations: null, blank: true,
    actions: [{ kind: "transfer_receive", label: word("receive_unknown"), primary: false }],
  };
  const button = el("button", { type: "button", "data-testid": "action-transfer_receive" }, icon("check"), word("receive_unknown"));
  button.addEventListener("click", () => showAction(unknown, "transfer_receive"));
  result.replaceChildren(message("error", words), el("p", { class: "muted" }, word("receive_hint")), button);
}

/**
 * Back to the blank label's form, with the code of the item that was scanned.
 * @param {Asset} blank
 * @param {string} code
 */
function claim(blank, code) {
  claiming = null;
  finder.hidden = true;
  showAction(blank, "claim_label");
  const input = result.querySelector("#f-asset");
  if (input instanceof HTMLInputElement) input.value = formatCode(code);
}

/**
 * @param {string} code
 * @returns {Promise<Asset | string>} the asset, or what to say instead
 */
async function ask(code) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(`/scan/asset/${code}`, { headers: { Accept: "application/json" }, signal: stop.signal });
    if (response.status === 404) return word("unknown_code", { code: formatCode(code) });
    if (response.status === 401 || response.redirected) return (await known(code)) ?? word("signed_out");
    if (!response.ok) return (await known(code)) ?? word("server_error", { status: response.status });
    return await response.json();
  } catch {
    return (await known(code)) ?? (await unknownHere(code));
  } finally {
    clearTimeout(timer);
  }
}

/** What is kept on this device; loaded when it is needed. */
function book() {
  return import("../known/known.js");
}

/**
 * What this device knows of it, for where no server answers.
 * @param {string} code
 * @returns {Promise<Asset | null>}
 */
async function known(code) {
  try {
    return await (await book()).lookup(code);
  } catch {
    return null; // This browser keeps nothing.
  }
}

/** @param {string} code */
async function unknownHere(code) {
  const kept = await book()
    .then((found) => found.kept())
    .catch(() => null);
  return kept ? word("not_on_phone", { code: formatCode(code), n: kept.count }) : word("no_network");
}

/**
 * @param {Asset} asset
 * @param {HTMLElement} [said] what came of the action before
 */
function showAsset(asset, said) {
  const view = parts().assetView(asset, (kind) => showAction(asset, kind));
  result.replaceChildren(...(said ? [said] : []), view);
  nextBar.hidden = false;
  focusHead();
}

/**
 * @param {Asset} asset
 * @param {string} kind
 */
function showAction(asset, kind) {
  const form = parts().actionView(asset, kind, { confirm: (filled) => void confirm(asset, kind, filled), back: () => showAsset(asset) });
  form.addEventListener("scan-item", () => {
    claiming = asset;
    void startCamera().then(() => say(word("claim_now")));
  });
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
  const { FieldError, codeOf, dataOf, dropPinKey, newId, picturesOf, refill, sealedPin, signatureOf, submit } = parts();
  const error = form.querySelector("[data-error]");
  const button = form.querySelector('[data-testid="action-confirm"]');
  if (!(error instanceof HTMLElement) || !(button instanceof HTMLButtonElement) || button.disabled) return;
  /** @type {Record<string, unknown>} */
  let data;
  let code = "";
  const id = newId();
  const at = new Date().toISOString();
  button.disabled = true; // Before anything is waited for: a second tap must not record it twice.
  try {
    data = dataOf(kind, form, asset);
    code = codeOf(asset, data);
    const confirmed = await sealedPin(form, { command: id, person: String(data.to ?? ""), code, occurred_at: at });
    if (confirmed) data.confirmed = confirmed;
  } catch (problem) {
    button.disabled = false;
    if (!(problem instanceof FieldError)) throw problem;
    error.replaceChildren(icon("warn"), problem.message);
    form.querySelector(`#f-${problem.field}`)?.scrollIntoView({ block: "center" });
    return;
  }
  const pressed = [...button.childNodes];
  button.replaceChildren(word("sending"));
  /** @type {import("../outbox/outbox.js").Outcome} */
  let outcome;
  try {
    outcome = await submit({ id, kind, code, occurred_at: at, data }, await picturesOf(form), await signatureOf(form));
    if (outcome.code === "pin_unreadable") dropPinKey();
  } catch {
    // Nothing of it was kept: all or nothing is.
    button.replaceChildren(...pressed);
    button.disabled = false;
    error.replaceChildren(icon("warn"), word("not_kept"));
    return;
  }
  if (outcome.status === "refused") {
    showAction(asset, kind);
    result.prepend(message("error", word("refused", { words: outcome.message ?? outcome.code ?? "" })));
    refill(result.querySelector("form"), form);
    return;
  }
  const said =
    outcome.status === "kept"
      ? message("warning", word(`kept_${outcome.reason ?? "server"}`))
      : outcome.message && outcome.code && outcome.code !== "recorded"
        ? message("warning", outcome.message)
        : message("success", word(outcome.status));
  const fresh = outcome.status === "kept" ? ((await known(asset.code)) ?? asset) : await ask(asset.code);
  showAsset(typeof fresh === "string" ? asset : fresh, said);
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
part("[data-part=again]", HTMLButtonElement).addEventListener("click", () => {
  claiming = null;
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

const given = new URLSearchParams(location.search).get("code");
if (given) take(given, (words) => void startCamera().then(() => say(words)));
else void startCamera();
void ready();
