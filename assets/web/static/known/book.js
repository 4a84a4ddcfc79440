// @ts-check
/**
 * What this person works with, as it stood at a stated time: kept on this device for one account, so that a scan is
 * answered without a connection. Nothing of it is anybody's record: it can be thrown away at any time.
 */
import { openDB } from "../vendor/idb-8.0.3/index.js";

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("../scan/types.js").Person} Person */
/** @typedef {import("../outbox/store.js").Command} Command */
/** @typedef {{code: string, name: string}} Unit */
/**
 * As it is kept: actions by their kinds alone; `units` to which it can be sent while nobody holds it, true for all but
 * its `own`; `asks` the unit whose operations a return asks about; `ends` the last day of its fitness, and the code and words of why it ends.
 * @typedef {Omit<Asset, "actions" | "units" | "operations"> & {actions: string[], own: string, units?: true | Unit[], asks?: string, ends?: [string, string, string]}} Item
 */
/**
 * @typedef {object} Head
 * @property {string} account
 * @property {string} locale
 * @property {string} as_of when the server drew it up, ISO 8601
 * @property {number} checked when this device last heard that it still stands so, in ms
 * @property {number} asked when this device asked for it, in ms
 * @property {string} etag
 * @property {number} count
 * @property {boolean} complete whether everything within this person's reach is there
 * @property {Record<string, string>} labels of actions
 * @property {Unit[]} units to which something can be sent
 * @property {Record<string, import("../scan/types.js").Operation[]>} operations by unit
 * @property {Record<string, [string, string]>} aliases replaced labels: the item's code now, and what is to be said
 * @property {Record<string, string>} kinds names of recorded actions
 * @property {Record<string, [string, string][]>} points what is looked at before use, by class: code and words
 * @property {Record<string, string>} words the server's own, for what follows from an action that is not sent yet
 */
/** @typedef {{id: string, account: string, command: Command, at: number}} Done taken by the server after the book was asked for */

const NAME = "known";
/** After so long what is kept tells more of the past than of the store. */
export const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;

/** @type {Promise<any> | null} the library comes without types */
let opening = null;

/** @returns {Promise<any>} rejects where the browser keeps nothing */
function database() {
  const open = opening ?? openDB(NAME, 1, {
    upgrade(/** @type {any} */ fresh) {
      fresh.createObjectStore("head");
      fresh.createObjectStore("items", { keyPath: "code" });
      fresh.createObjectStore("done", { keyPath: "id" });
    },
    blocking(/** @type {number} */ _now, /** @type {number} */ _next, /** @type {any} */ event) {
      event.target.close();
      opening = null;
    },
    terminated() {
      opening = null;
    },
  }).catch((/** @type {unknown} */ error) => {
    opening = null;
    throw error;
  });
  opening = open;
  return open;
}

/**
 * @param {string} account
 * @returns {Promise<Head | null>} null where nothing is kept for this account, or it was too old: then it is gone
 */
export async function head(account) {
  try {
    const found = await (await database()).get("head", "head");
    if (found && Date.now() - found.checked >= LONGEST_MS) {
      await forget();
      return null;
    }
    return found && found.account === account ? found : null;
  } catch {
    return null;
  }
}

/**
 * Replaces all that is kept, at once or not at all.
 * @param {Head} fresh
 * @param {Item[]} items
 * @param {Person[]} people
 */
export async function replace(fresh, items, people) {
  const change = (await database()).transaction(["head", "items", "done"], "readwrite");
  const kept = change.objectStore("items");
  const done = change.objectStore("done");
  void kept.clear();
  for (const item of items) void kept.put(item);
  void change.objectStore("head").put(fresh, "head");
  void change.objectStore("head").put(people, "people");
  // What the server took before it was asked is in its answer.
  for (const each of await done.getAll()) if (each.account !== fresh.account || each.at < fresh.asked) void done.delete(each.id);
  await change.done;
}

/**
 * What is kept still stands as it does.
 * @param {Head} fresh
 */
export async function confirm(fresh) {
  const change = (await database()).transaction(["head", "done"], "readwrite");
  const done = change.objectStore("done");
  void change.objectStore("head").put(fresh, "head");
  for (const each of await done.getAll()) if (each.at < fresh.asked) void done.delete(each.id);
  await change.done;
}

/**
 * @param {string} code
 * @returns {Promise<Item | null>}
 */
export async function item(code) {
  return (await (await database()).get("items", code)) ?? null;
}

/** @returns {Promise<Person[]>} */
export async function people() {
  return (await (await database()).get("head", "people")) ?? [];
}

/**
 * The server has taken this action: until the book is asked for anew, it is told as done.
 * @param {string} account
 * @param {Command} command
 */
export async function noteDone(account, command) {
  try {
    await (await database()).put("done", { id: command.id, account, command, at: Date.now() });
  } catch {
    // Nothing can be kept here: then there is no book that would have to be put right.
  }
}

/**
 * @param {string} account
 * @returns {Promise<Done[]>}
 */
export async function done(account) {
  /** @type {Done[]} */
  const found = await (await database()).getAll("done");
  return found.filter((each) => each.account === account);
}

/**
 * Throws away what is kept for anybody else.
 * @param {string} account
 */
export async function forgetOthers(account) {
  try {
    const found = await (await database()).get("head", "head");
    if (found && found.account !== account) await forget();
  } catch {
    // Nothing was kept.
  }
}

/** Throws everything away: somebody signs out, or somebody else signs in. */
export async function forget() {
  try {
    const change = (await database()).transaction(["head", "items", "done"], "readwrite");
    for (const name of ["head", "items", "done"]) void change.objectStore(name).clear();
    await change.done;
  } catch {
    // Nothing was kept.
  }
}
