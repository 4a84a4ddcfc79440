// @ts-check
/**
 * Answers a scan from what is kept on this device, with what waits here laid over it. Whoever shows such an answer says
 * of what time it is (`asOf`) and what of it is not sent yet (`waits`).
 */
import { account, entries } from "../outbox/outbox.js";
import * as book from "./book.js";
import { fold } from "./fold.js";
import { concerning } from "./kits.js";
import { overlay } from "./pending.js";
import { refresh } from "./refresh.js";

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("../scan/types.js").Person} Person */

export { refresh };

const MOST_PERSONS = 20;

/**
 * @param {string} code ten characters
 * @returns {Promise<Asset | null>} with `asOf`; null where it is not on this device for who is signed in
 */
export async function lookup(code) {
  const head = await book.head(account());
  if (!head) return null;
  const told = await stirred();
  // A blank label that was put on an item here leads to it already.
  const claimed = told.filter(({ command }) => command.kind === "claim_label" && command.code === code).pop()?.command.data.asset;
  const [now, notice] = head.aliases[code] ?? [typeof claimed === "string" ? claimed : code, null];
  const item = await book.item(now);
  if (!item) return null;
  const people = await book.people();
  const home = item.in_kit ? await book.item(item.in_kit) : null;
  const concerns = concerning(told, item, [code, now], home);
  return overlay(item, head, await Promise.all(concerns.map(titled)), people, notice);
}

/**
 * What is put into a kit is named in it.
 * @param {import("./pending.js").Told} told
 */
async function titled(told) {
  const { kind, code } = told.command;
  return kind === "kit_put" ? { ...told, title: (await book.item(code))?.title } : told;
}

/** @returns {Promise<{count: number, asOf: string} | null>} what is kept here; null: nothing */
export async function kept() {
  const head = await book.head(account());
  return head && { count: head.count, asOf: head.as_of };
}

/**
 * Persons to give something to, by a part of the number or name; as the server finds them.
 * @param {string} query
 * @returns {Promise<Person[]>}
 */
export async function persons(query) {
  if (!(await book.head(account()))) return [];
  const wanted = fold(query);
  return (await book.people()).filter((person) => fold(`${person.id}`).includes(wanted) || fold(person.name).includes(wanted)).slice(0, MOST_PERSONS);
}

/** @returns {Promise<import("./pending.js").Told[]>} what was done here and is not in the book, in the order it was done */
async function stirred() {
  const waiting = (await entries()).filter((entry) => !entry.trouble && !entry.taken);
  const done = await book.done(account());
  const ids = new Set(waiting.map((entry) => entry.id));
  return [
    ...done.filter((each) => !ids.has(each.id)).map(({ command }) => ({ command, sent: true })),
    ...waiting.map(({ command }) => ({ command, sent: false })),
  ].sort((one, other) => one.command.n - other.command.n);
}
