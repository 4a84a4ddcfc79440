// @ts-check
/** Keeps what is known up to date: asked for when a page opens, the connection is back, or the phone is looked at. */
import { account } from "../outbox/outbox.js";
import * as book from "./book.js";

const ADDRESS = "/scan/assets";
const PATIENCE_MS = 60000;
/** Not oftener than this, unless something was sent since: a yard's state changes by the hand, not by the second. */
const REST_MS = 4 * 60 * 1000;

/** @type {Promise<void> | null} */
let running = null;
/** @type {AbortController | null} */
let asking = null;
let isOver = false;

/** This person signs out: an answer that is still on its way must not come after what was kept of him is gone. */
export function endRefreshing() {
  isOver = true;
  asking?.abort();
}

/**
 * Asks the server for what this person works with, where the last answer is no longer new.
 * @param {boolean} [now] also where it is
 * @returns {Promise<void>} never rejects: without an answer, what was kept stays
 */
export function refresh(now = false) {
  running ??= ask(now)
    .catch(() => undefined) // Without a connection what is kept stays as it is.
    .finally(() => {
      running = null;
    });
  return running;
}

/** @param {boolean} now */
async function ask(now) {
  const mine = account();
  if (isOver || !mine || !navigator.onLine) return;
  const head = await book.head(mine);
  const locale = document.documentElement.lang;
  const same = head?.locale === locale ? head : null;
  if (same && !now && Date.now() - same.checked < REST_MS && !(await book.done(mine)).length) return;
  const asked = Date.now();
  const stop = new AbortController();
  asking = stop;
  setTimeout(() => stop.abort(), PATIENCE_MS);
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (same) headers["If-None-Match"] = same.etag;
  const response = await fetch(ADDRESS, { headers, redirect: "error", cache: "no-store", signal: stop.signal });
  if (response.status === 304 && same) {
    await book.confirm({ ...same, as_of: response.headers.get("X-As-Of") ?? same.as_of, checked: Date.now(), asked });
    return;
  }
  if (response.status === 403) return book.forget(); // Nothing is this person's to work with any more.
  if (!response.ok) return;
  const { items, persons, ...told } = await response.json();
  if (isOver || told.account !== account()) return; // Somebody else has signed in since this page was opened.
  await book.replace({ ...told, etag: response.headers.get("ETag") ?? "", checked: Date.now(), asked, count: items.length }, items, persons);
}

/** What another account left here goes; what is of this one is kept up to date. */
export function startKnown() {
  const look = () => {
    if (!document.hidden) void refresh();
  };
  addEventListener("online", look);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("outbox-sent", look);
  look();
}
