// @ts-check
/** The shifts that have something out, as this device knows them: asked of the server, else as it was kept. */
import { draft, keepDraft } from "../outbox/outbox.js";

/** @typedef {{code: string, title: string, to: string}} OutItem */
/** @typedef {{id: string, persons: string, ends_at: string | null, state: string, items: OutItem[]}} OutShift */

const KEPT = "shifts-out";
const CONFIRMED = "shifts-confirmed";
const PATIENCE_MS = 4000;
const MOST_KEPT = 50;

/**
 * Notes that a basket was confirmed here: a page that still shows it neither keeps nor confirms it again.
 * @param {string} basket
 */
export async function noteConfirmed(basket) {
  /** @type {string[]} */
  const before = (await draft(CONFIRMED)) ?? [];
  await keepDraft(CONFIRMED, [basket, ...before.filter((each) => each !== basket)].slice(0, MOST_KEPT));
}

/**
 * @param {string} basket
 * @returns {Promise<boolean>} it was confirmed on this device, perhaps in another tab
 */
export async function isConfirmed(basket) {
  return ((await draft(CONFIRMED).catch(() => null)) ?? []).includes(basket);
}

/**
 * Notes what goes out from here, so that it can come back without a connection in between.
 * @param {import("./basket.js").Basket} basket
 * @param {import("./basket.js").Thing[]} going
 * @param {Date} end
 */
export async function noteOut(basket, going, end) {
  /** @type {OutShift[]} */
  const before = (await draft(KEPT)) ?? [];
  const mine = before.find((shift) => shift.id === basket.shift);
  const items = going.map((thing) => ({ code: thing.code, title: thing.title, to: basket.crew.find((member) => member.id === thing.to)?.name ?? basket.crew[0].name }));
  const known = (mine?.items ?? []).filter((item) => !items.some((each) => each.code === item.code));
  const now = { id: basket.shift, persons: basket.crew.map((member) => member.name).join(", "), ends_at: end.toISOString(), state: "out", items: [...known, ...items] };
  await keepDraft(KEPT, [now, ...before.filter((shift) => shift.id !== basket.shift)].slice(0, MOST_KEPT));
}

/**
 * Notes what has come back here.
 * @param {string} shift
 * @param {string[]} codes
 */
export async function noteBack(shift, codes) {
  /** @type {OutShift[]} */
  const before = (await draft(KEPT)) ?? [];
  const after = before.map((each) => (each.id === shift || !shift ? { ...each, items: each.items.filter((item) => !codes.includes(item.code)) } : each));
  await keepDraft(KEPT, after.filter((each) => each.items.length));
}

/** @returns {Promise<OutShift[]>} */
export async function shiftsOut() {
  /** @type {OutShift[]} */
  const kept = (await draft(KEPT).catch(() => null)) ?? [];
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch("/shifts/open", { headers: { Accept: "application/json" }, redirect: "error", signal: stop.signal });
    if (response.ok) {
      /** @type {OutShift[]} */
      const told = (await response.json()).items;
      // What went out here and is not sent yet is not known there.
      const { entries } = await import("../outbox/outbox.js");
      const waiting = new Set((await entries()).filter((entry) => entry.command.kind === "issue").map((entry) => entry.command.data.shift));
      const all = [...kept.filter((shift) => waiting.has(shift.id) && !told.some((each) => each.id === shift.id)), ...told];
      await keepDraft(KEPT, all);
      return all;
    }
  } catch {
    // No connection: what is kept here.
  } finally {
    clearTimeout(timer);
  }
  return kept;
}
