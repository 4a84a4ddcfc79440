// @ts-check
/**
 * Every write of the scan page goes through `submit`: kept on this device first, then posted, and dropped only when
 * the server has answered for it. A fuller queue can take the place of `kept`, `replace` and `drop`.
 */

const LIST = "commands";
const COUNTER = "commands-n";
const ADDRESS = "/api/v1/commands";
const PATIENCE_MS = 15000;
const AT_ONCE = 500;

/** @typedef {{kind: string, code: string, data: Record<string, unknown>}} Wish what a person asked for */
/** @typedef {Wish & {id: string, n: number, occurred_at: string}} Command as it is posted */
/** @typedef {{account: string, command: Command, parked?: string}} Kept `parked`: refused as a whole, with its words */
/** @typedef {{id: string, status: "accepted" | "repeated" | "refused", code?: string | null, message?: string | null}} Answer */
/** @typedef {"offline" | "signin" | "server"} Reason */
/** @typedef {{status: "accepted" | "repeated" | "refused" | "kept", code?: string | null, message?: string | null, reason?: Reason}} Outcome */

/** @type {Kept[]} the list when storage is closed to us: better than nothing, and it lasts as long as the page */
let memory = [];
let onlyMemory = false;
/** @type {Reason | null} */
let lastReason = null;
/** @type {Promise<Map<string, Answer>> | null} */
let running = null;

/** @returns {string} the account that recorded something; nobody else may send it */
function account() {
  return document.querySelector('meta[name="account"]')?.getAttribute("content") ?? "";
}

/** @returns {Kept[]} */
export function kept() {
  if (onlyMemory) return memory;
  try {
    return JSON.parse(localStorage.getItem(LIST) ?? "[]");
  } catch {
    return memory;
  }
}

/** @param {Kept[]} list */
function replace(list) {
  memory = list;
  try {
    localStorage.setItem(LIST, JSON.stringify(list));
    onlyMemory = false;
  } catch {
    onlyMemory = true; // Full or closed: the page still holds the list, and the post that follows is the better chance.
  }
  document.dispatchEvent(new Event("unsent-changed"));
}

/** @param {Set<string>} ids */
export function drop(ids) {
  replace(kept().filter((entry) => !ids.has(entry.command.id)));
}

/** @returns {number} the device's own counter: ties of time are broken by it */
function nextNumber() {
  try {
    const n = Number(localStorage.getItem(COUNTER) ?? "0") + 1;
    localStorage.setItem(COUNTER, String(n));
    return n;
  } catch {
    return Date.now() % 1_000_000_000;
  }
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

/** @returns {{waiting: number, foreign: number, parked: number, reason: Reason | null}} */
export function unsent() {
  const list = kept();
  const mine = list.filter((entry) => entry.account === account());
  return {
    waiting: mine.filter((entry) => !entry.parked).length,
    foreign: list.length - mine.length,
    parked: mine.filter((entry) => entry.parked).length,
    reason: lastReason,
  };
}

/**
 * Records one action and sends it. `kept` means: no answer yet, it stays on this device and goes with the next
 * attempt; `refused` carries the server's code and words.
 * @param {Wish} wish
 * @returns {Promise<Outcome>}
 */
export async function submit(wish) {
  const command = { id: newId(), n: nextNumber(), kind: wish.kind, code: wish.code, occurred_at: new Date().toISOString(), data: wish.data };
  replace([...kept(), { account: account(), command }]);
  if (running) await running; // That run may have started before this command was kept.
  const answer = (await flush()).get(command.id);
  if (answer) return answer;
  const parked = kept().find((entry) => entry.command.id === command.id)?.parked;
  if (parked) return { status: "refused", message: parked };
  return { status: "kept", reason: lastReason ?? "server" };
}

/**
 * Sends what waits, in order, oldest first; answers by command id.
 * @returns {Promise<Map<string, Answer>>}
 */
export function flush() {
  running ??= send().finally(() => {
    running = null;
    document.dispatchEvent(new Event("unsent-changed"));
  });
  return running;
}

/** @returns {Promise<Map<string, Answer>>} */
async function send() {
  const batch = kept()
    .filter((entry) => entry.account === account() && !entry.parked)
    .slice(0, AT_ONCE)
    .map((entry) => entry.command);
  if (!batch.length) return new Map();
  const response = await post(batch);
  if (!response) {
    lastReason = "offline";
    return new Map();
  }
  if (response.ok) return take(response);
  if (response.status === 401 || response.status === 403) lastReason = "signin";
  else if (response.status >= 500 || [408, 429].includes(response.status)) lastReason = "server";
  else await park(response, batch);
  return new Map();
}

/**
 * @param {Command[]} commands
 * @returns {Promise<Response | null>} null without a connection
 */
async function post(commands) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    return await fetch(ADDRESS, {
      method: "POST",
      credentials: "same-origin",
      redirect: "error", // A redirect is a log-in page: never an answer to a command.
      headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
      body: JSON.stringify({ sent_at: new Date().toISOString(), commands }),
      signal: stop.signal,
    });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Map<string, Answer>>}
 */
async function take(response) {
  /** @type {Answer[]} */
  let results;
  try {
    results = (await response.json()).results;
  } catch {
    lastReason = "server"; // Cut off half-way: sent again later, and repeated safely by its id.
    return new Map();
  }
  lastReason = null;
  const answers = new Map(results.map((answer) => [answer.id, answer]));
  drop(new Set(answers.keys()));
  return answers;
}

/**
 * The request as a whole was not understood. Several commands are tried one by one, so that one bad one does not hold
 * the others; a single one is set aside visibly with the server's words.
 * @param {Response} response
 * @param {Command[]} batch
 */
async function park(response, batch) {
  lastReason = null;
  if (batch.length > 1) {
    for (const command of batch) {
      const alone = await post([command]);
      if (alone?.ok) await take(alone);
      else if (alone && alone.status < 500 && ![401, 403, 408, 429].includes(alone.status)) await park(alone, [command]);
      else return;
    }
    return;
  }
  let words = `${response.status}`;
  try {
    const problem = await response.json();
    if (String(problem.code).startsWith("csrf")) {
      lastReason = "signin"; // The page is older than the session: nothing is wrong with the command.
      return;
    }
    words = problem.detail ?? problem.title ?? words;
  } catch {
    // No words came; the number is what there is to show.
  }
  replace(kept().map((entry) => (entry.command.id === batch[0].id ? { ...entry, parked: words } : entry)));
}
