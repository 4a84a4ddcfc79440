// @ts-check
/**
 * Every action goes through `submit`: kept on this device first, then sent, and dropped only when the server has
 * answered for it. Text goes before photos; what is refused stays here, visibly, until a person has looked at it.
 */
import * as sending from "./sending.js";
import { shelf } from "./store.js";

const SYNC = "outbox";
const AGAIN_MS = 20000;
/** A person with gloves on waits no longer than this; what is not answered by then goes on in the background. */
const AT_HAND_MS = 4000;

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {{id?: string, occurred_at?: string, kind: string, code: string, data: Record<string, unknown>}} Wish what a person asked for; `id` and `occurred_at` where something is sealed for it */
/** @typedef {{id: string, picture: Blob}} Signature one for many actions: each keeps it here, and it is sent once */
/** @typedef {import("./sending.js").Answer} Answer */
/** @typedef {import("./sending.js").Reason} Reason */
/** @typedef {{status: "accepted" | "repeated" | "refused" | "kept", code?: string | null, message?: string | null, reason?: Reason}} Outcome */
/** @typedef {{waiting: number, foreign: number, parked: number, since: string | null, reason: Reason | null, lasts: boolean}} Unsent */

/** @type {Reason | null} */
let lastReason = null;
/** @type {Promise<Map<string, Answer>> | null} */
let running = null;
const others = "BroadcastChannel" in globalThis ? new BroadcastChannel("outbox") : null;
others?.addEventListener("message", () => announce(false));

/** @returns {string} the account that is signed in; nobody else may send what it recorded */
export function account() {
  return document.querySelector('meta[name="account"]')?.getAttribute("content") ?? "";
}

/** @param {boolean} toOthers other tabs of this site */
function announce(toOthers = true) {
  document.dispatchEvent(new Event("unsent-changed"));
  if (toOthers) others?.postMessage("changed");
}

/** @returns {string} RFC 4122 version 4; `randomUUID` exists only on https and localhost */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @returns {Promise<Entry[]>} what this account has recorded and the server has not answered for, oldest first */
export async function entries() {
  return (await (await shelf()).entries()).filter((entry) => entry.account === account());
}

/** @returns {Promise<Unsent>} */
export async function unsent() {
  const kept = await shelf();
  const list = await kept.entries();
  const mine = list.filter((entry) => entry.account === account());
  const parked = mine.filter((entry) => entry.trouble).length;
  const since = list[0]?.command.occurred_at ?? null;
  return { waiting: mine.length - parked, foreign: list.length - mine.length, parked, since, reason: lastReason, lasts: kept.lasts };
}

/**
 * Records one action and sends it. `kept` means: no answer yet, it stays on this device and goes with the next
 * attempt; `refused` carries the server's code and words, and it is not kept: the form still holds it.
 * @param {Wish} wish
 * @param {Blob[]} [pictures]
 * @param {Signature | null} [signature] what was signed for this action, and perhaps for others with the same id
 * @returns {Promise<Outcome>}
 */
export async function submit(wish, pictures = [], signature = null) {
  return (await submitAll([{ wish, pictures, signature }]))[0];
}

/**
 * Records several actions in this order, all of them or none, and sends them: each outcome as `submit` gives it.
 * @param {{wish: Wish, pictures?: Blob[], signature?: Signature | null}[]} wishes
 * @param {string} [draft] what they were put together in: it goes in the same stroke in which they are kept
 * @returns {Promise<Outcome[]>}
 */
export async function submitAll(wishes, draft) {
  const kept = await shelf();
  const at = new Date().toISOString();
  const list = wishes.map((each) => fresh(each, at));
  await kept.addAll(list, draft && `${account()}:${draft}`);
  announce();
  void askToLast();
  const answers = await atHand(flushAnew()).catch(() => null); // They are kept: what went wrong since is tried again.
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const { entry } of list) {
    const answer = answers?.get(entry.id);
    outcomes.push(await outcomeOf(entry.id, answer).catch(() => answer ?? { status: "kept", reason: "server" }));
  }
  return outcomes;
}

/**
 * What is being put together on this device, for who is signed in.
 * @param {string} name
 * @returns {Promise<any>} null where there is none
 */
export async function draft(name) {
  return (await shelf()).draft(`${account()}:${name}`);
}

/**
 * @param {string} name
 * @param {unknown} value null: it goes
 */
export async function keepDraft(name, value) {
  await (await shelf()).keepDraft(`${account()}:${name}`, value);
}

/**
 * @param {{wish: Wish, pictures?: Blob[], signature?: Signature | null}} asked
 * @param {string} at when it was done
 */
function fresh({ wish, pictures = [], signature = null }, at) {
  const id = wish.id ?? newId();
  const command = { n: 0, occurred_at: at, ...wish, id };
  /** @type {import("./store.js").Photo[]} */
  const photos = pictures.map((picture) => ({ id: newId(), entry: id, picture }));
  if (signature) {
    command.data = { ...command.data, signature: signature.id };
    photos.push({ id: newId(), entry: id, picture: signature.picture, signature: signature.id });
  }
  return { entry: { id, account: account(), command, photos: photos.length, taken: false, trouble: null }, photos };
}

/**
 * @param {string} id
 * @param {Answer | undefined} answer
 * @returns {Promise<Outcome>}
 */
async function outcomeOf(id, answer) {
  const kept = await shelf();
  if (answer?.status === "refused") {
    await kept.remove(id);
    announce();
    return answer;
  }
  if (answer) return answer;
  const entry = (await kept.entries()).find((each) => each.id === id);
  if (!entry || entry.taken) return { status: "accepted" }; // Another tab was quicker.
  if (!entry.trouble) return { status: "kept", reason: lastReason ?? "server" };
  await kept.remove(id);
  announce();
  return { status: "refused", code: entry.trouble.code, message: entry.trouble.words };
}

/** @returns {Promise<Map<string, Answer>>} */
async function flushAnew() {
  await running?.catch(() => undefined); // That run may have started before this action was kept.
  return flush();
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T | null>} null when it takes longer than a person should wait; it goes on all the same
 */
function atHand(work) {
  return Promise.race([work, new Promise((/** @type {(late: null) => void} */ resolve) => setTimeout(() => resolve(null), AT_HAND_MS))]);
}

/**
 * Tries one refused action again.
 * @param {string} id
 */
export async function retry(id) {
  await (await shelf()).change(id, { trouble: null });
  announce();
  await flush();
}

/**
 * Gives an action up, with a reason for the server's journal.
 * @param {Entry} entry
 * @param {string} reason
 */
export async function giveUp(entry, reason) {
  const end = await sending.giveUp(entry, reason);
  announce();
  return end;
}

/**
 * Sends what waits, in order, oldest first; one tab at a time.
 * @returns {Promise<Map<string, Answer>>} by command id, what was answered now
 */
export function flush() {
  running ??= send().finally(() => {
    running = null;
    announce();
  });
  return running;
}

/** @returns {Promise<Map<string, Answer>>} */
async function send() {
  const { answers, reason } = await sending.sendWaiting(account(), announce);
  lastReason = reason;
  if (answers.size) document.dispatchEvent(new Event("outbox-sent"));
  if (reason === "offline" || reason === "server") void askForSync();
  return answers;
}

/** Asks the browser to wake the service worker when there is a connection again, also when no page is open then. */
async function askForSync() {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    // Not in every browser, and not in TypeScript's library.
    if (registration?.active) await /** @type {any} */ (registration).sync?.register(SYNC);
  } catch {
    // Then the next page that is opened sends it.
  }
}

/** Asks the browser not to clear what waits when room gets short. */
async function askToLast() {
  try {
    await navigator.storage?.persist?.();
  } catch {
    // It may say no; the page "Not sent yet" tells.
  }
}

/** Sends what waits whenever there may be a connection again. */
export function startOutbox() {
  const look = () => {
    if (!document.hidden) void flush();
  };
  addEventListener("online", look);
  document.addEventListener("visibilitychange", look);
  setInterval(() => {
    if (lastReason === "offline" || lastReason === "server") look();
  }, AGAIN_MS);
  look();
}
