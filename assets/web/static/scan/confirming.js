// @ts-check
/**
 * The receiver confirms by his PIN on the issuer's phone: sealed here for the server alone, for this one action.
 *
 * Needs WebCrypto, which browsers give to HTTPS only, and the server's public key, which is fetched once and kept.
 */
import { el } from "./element.js";
import { FieldError, field } from "./fields.js";
import { word } from "./words.js";

const KEPT_KEY = "pin-key";
const SEALING = { name: "RSA-OAEP", hash: "SHA-256" };
const PATIENCE_MS = 3000;

/** @type {Promise<void> | null} the key that is being fetched */
let coming = null;

/** @returns {string} the server's public key as it was fetched last, "" before */
function keptKey() {
  try {
    return localStorage.getItem(KEPT_KEY) ?? "";
  } catch {
    return "";
  }
}

/**
 * Fetches the server's key while there is a connection, so that a PIN can be sealed without one: every time anew, for a
 * server that was set up again has another.
 */
function fetchPinKey() {
  coming ??= fetchKey().finally(() => (coming = null));
  return coming;
}

/** Forgets a key that the server cannot open any more. */
export function dropPinKey() {
  try {
    localStorage.removeItem(KEPT_KEY);
  } catch {
    // Then none is kept.
  }
}

async function fetchKey() {
  try {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), PATIENCE_MS);
    const headers = { Accept: "application/json" };
    const response = await fetch("/scan/pin-key", { headers, redirect: "error", signal: stop.signal });
    if (response.ok) localStorage.setItem(KEPT_KEY, (await response.json()).key);
  } catch {
    // Without a connection the one that is kept still does.
  }
}

/** @returns {HTMLElement} the field, or what else can be done where no PIN can be sealed */
export function pinField() {
  if (!globalThis.crypto?.subtle) return el("p", { class: "hint", "data-testid": "pin-impossible" }, word("pin_needs_https"));
  const input = el("input", { type: "password", inputmode: "numeric", autocomplete: "off", maxlength: 6, "data-testid": "pin" });
  void fetchPinKey();
  return field("pin", word("pin"), input, { hint: word("pin_hint") });
}

/**
 * @param {HTMLFormElement} form
 * @param {{command: string, person: string, code: string, occurred_at: string}} what the id that the action will have,
 *   the service number of the receiver, the item, and when: the server takes it for nothing else
 * @returns {Promise<{sealed: string} | null>} null when no PIN was typed
 * @throws {FieldError} when it is no PIN, or cannot be sealed
 */
export async function sealedPin(form, what) {
  const input = form.elements.namedItem("pin");
  const pin = input instanceof HTMLInputElement ? input.value.trim() : "";
  if (!pin) return null;
  if (!/^\d{6}$/.test(pin)) throw new FieldError(word("pin_digits"), "pin");
  return { sealed: await seal(pin, what) };
}

/**
 * @param {string} pin
 * @param {{command: string, person: string, code: string, occurred_at: string}} what
 */
async function seal(pin, what) {
  await (coming ?? (keptKey() ? null : fetchPinKey()));
  const kept = keptKey();
  if (!kept) throw new FieldError(word("pin_no_key"), "pin");
  try {
    const key = await crypto.subtle.importKey("spki", bytes(kept), SEALING, false, ["encrypt"]);
    const sealed = await crypto.subtle.encrypt(SEALING, key, new TextEncoder().encode(JSON.stringify({ pin, ...what })));
    return btoa(String.fromCharCode(...new Uint8Array(sealed)));
  } catch {
    throw new FieldError(word("pin_no_key"), "pin");
  }
}

/** @param {string} text base64 */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
