// @ts-check
/**
 * Sends what waits on this device: text before photos, in order, oldest first. Used by pages and by the service worker
 * alike, one at a time: it touches no page.
 */
import { noteDone } from "../known/book.js";
import { shelf } from "./store.js";

const COMMANDS = "/api/v1/commands";
const PATIENCE_MS = 15000;
const PHOTO_PATIENCE_MS = 60000;
const AT_ONCE = 100;
const PINS_AT_ONCE = 10; // The server compares no more in one request.
/** Between pages and the service worker: whoever holds it sends, the others wait. */
const LOCK = "outbox";

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {{id: string, status: "accepted" | "repeated" | "refused", code?: string | null, message?: string | null}} Answer */
/** @typedef {"offline" | "signin" | "server"} Reason */
/** @typedef {{answers: Map<string, Answer>, reason: Reason | null}} Sent what was answered now, by command id; why the rest has to wait */
/** @typedef {{account: string, csrf: string}} Session */

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function alone(work) {
  // Without https there are no locks: two tabs may send the same then, and the server takes it once.
  return navigator.locks ? /** @type {Promise<any>} */ (navigator.locks.request(LOCK, work)) : work();
}

/**
 * What goes in one request: so many actions, and no more PINs among them than the server compares at once.
 * @param {Entry[]} waiting
 */
function next(waiting) {
  const pins = waiting.filter((entry) => entry.command.data.confirmed);
  const end = pins.length > PINS_AT_ONCE ? waiting.indexOf(pins[PINS_AT_ONCE]) : waiting.length;
  return waiting.slice(0, Math.min(end, AT_ONCE));
}

/**
 * Sends what this account has recorded.
 * @param {string | null} account null: of whoever is signed in
 * @param {() => void} told called when something has changed
 * @returns {Promise<Sent>}
 */
export function sendWaiting(account, told) {
  return alone(() => new Sending(account, told).run());
}

/**
 * For the service worker, when the browser says that there is a connection: what whoever is signed in has recorded.
 * @throws {Error} when something is left that the next attempt may send
 */
export async function sendInBackground() {
  const others = new BroadcastChannel("outbox");
  const { reason } = await sendWaiting(null, () => others.postMessage("changed"));
  others.close();
  // Without a sign-in only a person can help; for all else the browser tries again.
  if (reason === "offline" || reason === "server") throw new Error(reason);
}

class Sending {
  /**
   * @param {string | null} account
   * @param {() => void} told
   */
  constructor(account, told) {
    this.account = account;
    this.told = told;
    /** @type {Map<string, Answer>} */
    this.answers = new Map();
    /** @type {Reason | null} */
    this.reason = null;
  }

  /** @returns {Promise<Entry[]>} what still has to go */
  async waiting() {
    const mine = (/** @type {Entry} */ entry) => this.account === null || entry.account === this.account;
    return (await (await shelf()).entries()).filter((entry) => mine(entry) && !entry.trouble);
  }

  /** @param {Entry} entry it may have been given up since, where there are no locks */
  async stillWaits(entry) {
    return (await this.waiting()).some((each) => each.id === entry.id);
  }

  /** @returns {Promise<Sent>} */
  async run() {
    if ((await this.waiting()).length) {
      const who = await session(this.account);
      if (typeof who === "string") this.reason = who;
      else await this.all(who);
    }
    return { answers: this.answers, reason: this.reason };
  }

  /** @param {Session} who */
  async all(who) {
    this.account = who.account;
    for (;;) {
      const batch = next((await this.waiting()).filter((entry) => !entry.taken));
      if (!batch.length) break;
      if (!(await this.batch(batch, who))) return;
      this.told();
    }
    for (const entry of (await this.waiting()).filter((each) => each.taken)) {
      if (!(await this.photos(entry, who))) return;
      this.told();
    }
  }

  /**
   * @param {Entry[]} batch
   * @param {Session} who
   * @returns {Promise<boolean>} whether to go on
   */
  async batch(batch, who) {
    const commands = batch.map((entry) => entry.command);
    const response = await post(COMMANDS, json({ sent_at: new Date().toISOString(), commands }), who, PATIENCE_MS);
    this.reason = await standing(response);
    if (this.reason || !response) return false;
    if (response.ok) return this.take(response, batch);
    if (batch.length > 1) {
      // The request as a whole was not understood: one by one, so that a bad one does not hold the others.
      for (const entry of batch) if ((await this.stillWaits(entry)) && !(await this.batch([entry], who))) return false;
      return true;
    }
    await (await shelf()).change(batch[0].id, { trouble: await troubleOf(response) });
    return true;
  }

  /**
   * @param {Response} response
   * @param {Entry[]} batch
   */
  async take(response, batch) {
    /** @type {Answer[]} */
    let results;
    try {
      results = (await response.json()).results;
    } catch {
      this.reason = "server"; // Cut off half-way: sent again later, and repeated safely by its id.
      return false;
    }
    const kept = await shelf();
    const sent = new Map(batch.map((entry) => [entry.id, entry]));
    for (const answer of results) {
      const entry = sent.get(answer.id);
      if (!entry) continue;
      sent.delete(answer.id);
      this.answers.set(answer.id, answer);
      if (answer.status === "refused") {
        await kept.change(entry.id, { trouble: { code: answer.code ?? "", words: answer.message ?? "" } });
        continue;
      }
      await noteDone(entry.account, entry.command);
      if (entry.photos) await kept.change(entry.id, { taken: true });
      else await kept.remove(entry.id);
    }
    if (sent.size) this.reason = "server"; // It did not answer for each: what is left goes with the next attempt.
    return sent.size === 0;
  }

  /**
   * @param {Entry} entry
   * @param {Session} who
   * @returns {Promise<boolean>} whether to go on
   */
  async photos(entry, who) {
    const kept = await shelf();
    for (const photo of await kept.photosOf(entry.id)) {
      const body = new FormData();
      body.append("photo", photo.picture, photo.signature ? "signature.png" : "photo.jpg");
      if (photo.signature) body.append("signature", photo.signature);
      const response = await post(`${COMMANDS}/${entry.id}/photos`, { body }, who, PHOTO_PATIENCE_MS);
      this.reason = await standing(response);
      if (this.reason || !response) return false;
      if (!response.ok) {
        await kept.change(entry.id, { trouble: await troubleOf(response) });
        return true;
      }
      if (photo.signature) await kept.removeSignature(photo.signature);
      else await kept.removePhoto(photo.id);
    }
    await kept.remove(entry.id);
    return true;
  }
}

/** @typedef {"gone" | "sent" | "not_told"} GivenUp `sent`: it was quicker and is recorded; `not_told`: the server was not reached, and it stays */

/**
 * Gives an action up while nothing is being sent: the server's journal is told what it was and why, then it goes.
 * @param {Entry} entry as the person saw it
 * @param {string} reason
 * @returns {Promise<GivenUp>}
 */
export function giveUp(entry, reason) {
  return alone(async () => {
    const kept = await shelf();
    const found = (await kept.entries()).find((each) => each.id === entry.id);
    if (!found || found.taken !== entry.taken) return "sent";
    if (!(await noteGivenUp(entry, reason))) return "not_told";
    await kept.remove(entry.id);
    return "gone";
  });
}

/**
 * @param {Entry} entry
 * @param {string} reason
 * @returns {Promise<boolean>} whether the server was told
 */
async function noteGivenUp(entry, reason) {
  const who = await session(entry.account);
  if (typeof who === "string") return false;
  const { kind, code, occurred_at, data } = entry.command;
  const told = { kind, code, occurred_at, data, taken: entry.taken, reason };
  return (await post(`${COMMANDS}/${entry.id}/given-up`, json(told), who, PATIENCE_MS))?.ok ?? false;
}

/**
 * Who the server takes us for now: a page may be older than the session.
 * @param {string | null} account who should be; null: whoever it is
 * @returns {Promise<Session | Reason>}
 */
async function session(account) {
  try {
    const response = await fetch("/scan/session", { headers: { Accept: "application/json" }, redirect: "error", signal: within(PATIENCE_MS) });
    const reason = await standing(response);
    if (reason) return reason;
    /** @type {Session} */
    const who = await response.json();
    return response.ok && (account === null || who.account === account) ? who : "signin";
  } catch {
    return "offline";
  }
}

/** @param {number} patience_ms after which a request is given up; `AbortSignal.timeout` is too new for some phones */
function within(patience_ms) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), patience_ms);
  return stop.signal;
}

/** @param {unknown} body */
function json(body) {
  return { body: JSON.stringify(body), type: "application/json" };
}

/**
 * @param {string} address
 * @param {{body: BodyInit, type?: string}} content
 * @param {Session} who
 * @param {number} patience_ms
 * @returns {Promise<Response | null>} null without a connection
 */
async function post(address, { body, type }, who, patience_ms) {
  /** @type {Record<string, string>} */
  const headers = { "X-CSRFToken": who.csrf, "X-Account": encodeURIComponent(who.account), Accept: "application/json" };
  if (type) headers["Content-Type"] = type;
  try {
    // A redirect is a log-in page: never an answer to an action.
    return await fetch(address, { method: "POST", redirect: "error", headers, body, signal: within(patience_ms) });
  } catch {
    return null;
  }
}

/**
 * @param {Response | null} response
 * @returns {Promise<Reason | null>} why everything has to wait; null when the server has judged what was sent
 */
async function standing(response) {
  if (!response) return "offline";
  // Not 403: who may not do one thing signs in as often as he likes, and what else waits must not wait for it.
  if (response.status === 401) return "signin";
  // The sign-in changed while this was on its way: nothing was judged, and nothing is wrong with what was sent.
  if (response.status === 400 && (await troubleOf(response.clone())).code === "csrf") return "signin";
  return response.status >= 500 || [408, 429].includes(response.status) ? "server" : null;
}

/**
 * @param {Response} response
 * @returns {Promise<import("./store.js").Trouble>}
 */
async function troubleOf(response) {
  try {
    const problem = await response.json();
    return { code: problem.code ?? "", words: problem.detail ?? problem.title ?? `${response.status}` };
  } catch {
    return { code: "", words: `${response.status}` }; // No words came; the number is what there is to show.
  }
}
