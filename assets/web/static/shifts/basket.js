// @ts-check
/** The basket of a shift: what is in it, what stands in its way, and the actions that come of it. Pure. */
import { formatCode } from "../label-code.js";
import { say } from "./words.js";

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("../outbox/outbox.js").Wish} Wish */
/** @typedef {{id: string, name: string}} Member */
/** @typedef {{code: string, title: string, class: string, number: number}} SetItem */
/** @typedef {{id: number, name: string, items: SetItem[]}} StandingSet */
/**
 * One thing. `known`: something could be said of it; `ticked`: it goes along; `from` the set that it came of, until it
 * is scanned or ticked; `refused` what the server said of it.
 * @typedef {object} Thing
 * @property {string} code
 * @property {string} title
 * @property {string} cls code of its class
 * @property {boolean} known
 * @property {boolean | null} fit
 * @property {string[]} reasons
 * @property {boolean} checkDue
 * @property {string | null} custodian
 * @property {string | null} holder the number of who has it, where this person may know it
 * @property {string | null} asOf
 * @property {boolean} ticked
 * @property {string} to
 * @property {string} override
 * @property {string} from
 * @property {string} refused
 */
/**
 * @typedef {object} Basket
 * @property {string} shift its id, chosen here
 * @property {boolean} started the server has the shift already, or it waits here
 * @property {Member[]} crew the first answers for what nobody else holds
 * @property {string} ends hours from now, or "at"
 * @property {string} endsAt local day and time, for "at"
 * @property {string} note
 * @property {string} vehicle code of the thing that is the shift's vehicle
 * @property {Thing[]} things
 * @property {SetItem[]} wanted so many of a class, by the sets that were tapped
 */

/**
 * @param {string} shift
 * @returns {Basket}
 */
export function emptyBasket(shift) {
  return { shift, started: false, crew: [], ends: "12", endsAt: "", note: "", vehicle: "", things: [], wanted: [] };
}

/**
 * Puts in what was scanned; scanned again, it is ticked.
 * @param {Basket} basket
 * @param {string} code that was scanned
 * @param {Asset | null} asset null: not known here
 * @param {{ticked?: boolean, from?: string, title?: string}} [how]
 */
export function put(basket, code, asset, { ticked = true, from = "", title = "" } = {}) {
  const real = asset?.code ?? code;
  const before = basket.things.find((thing) => thing.code === real);
  const thing = {
    to: "", override: "", refused: "", from, ...before,
    code: real, title: asset?.title ?? before?.title ?? (title || formatCode(real)), cls: asset?.class_code ?? before?.cls ?? "",
    known: asset !== null, fit: asset ? asset.fit.ok : null, reasons: asset ? asset.fit.reasons.map((reason) => reason.text) : [],
    checkDue: asset?.check_due ?? false, custodian: asset?.custodian ?? null, holder: asset?.custodian_number ?? null, asOf: asset?.asOf ?? null, ticked: ticked || (before?.ticked ?? false),
  };
  // What is not fit, or somebody has, does not go along by being looked at; what a person ticked knowing it stays.
  const knowingly = before?.fit === false && before.ticked;
  if (thing.fit === false && !thing.override && !knowingly) thing.ticked = false;
  if (isHeld(basket, thing)) thing.ticked = false;
  if (thing.cls.startsWith("vehicle.") && thing.ticked && !basket.vehicle) basket.vehicle = thing.code;
  // In its place, not beside it: what is shown of it and being changed is this one.
  if (before) Object.assign(before, thing);
  else basket.things.unshift(thing);
}

/**
 * @param {Basket} basket
 * @param {Thing} thing
 * @returns {boolean} somebody else has it
 */
export function isHeld(basket, thing) {
  return thing.custodian !== null && !basket.crew.some((member) => member.id === thing.holder);
}

/**
 * @param {Basket} basket
 * @param {SetItem} wanted
 * @returns {number} how many of its class are in the basket
 */
export function haveOf(basket, wanted) {
  return basket.things.filter((thing) => thing.ticked && thing.cls === wanted.class).length;
}

/** @param {Basket} basket */
export function goes(basket) {
  return basket.things.filter((thing) => thing.ticked);
}

/**
 * @param {Basket} basket
 * @param {Date} now
 * @returns {Date | null} when the shift ends; null where nobody has said
 */
export function endOf(basket, now) {
  if (basket.ends !== "at") return new Date(now.getTime() + Number(basket.ends) * 3600 * 1000);
  const at = new Date(basket.endsAt);
  return Number.isNaN(at.getTime()) ? null : at;
}

/**
 * @param {Basket} basket
 * @param {Date} now
 * @returns {string} what stands in the way, in words; "" when nothing does
 */
export function problemOf(basket, now) {
  if (!basket.crew.length) return say("no_crew");
  const end = endOf(basket, now);
  if (!end) return say("no_end");
  if (end <= now) return say("end_past");
  const going = goes(basket);
  if (!going.length) return say("no_items");
  const unfit = going.find((thing) => thing.fit === false && !thing.override.trim());
  return unfit ? say("need_reason", { what: unfit.title }) : "";
}

/**
 * The id of an action, always the same for the same basket and thing: confirmed twice, also in two tabs, it is done once.
 * @param {string} basket a UUID
 * @param {string} code "" for the start of the shift
 * @returns {string} a UUID
 */
export function actionId(basket, code) {
  const bytes = basket.replaceAll("-", "").match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
  // Bytes 6 and 8 say which kind of UUID it is: they stay. Two things of a basket differ in a byte of their own.
  const places = bytes.map((_, place) => place).filter((place) => place !== 6 && place !== 8);
  [...code].forEach((letter, n) => (bytes[places[n % places.length]] ^= letter.charCodeAt(0) & 0xff));
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * What the server says of an action whose id it knows with other words: it was confirmed before, and stands.
 * @param {import("../outbox/outbox.js").Outcome} outcome
 */
export function isRefused(outcome) {
  return outcome.status === "refused" && outcome.code !== "id_reused";
}

/**
 * One start of the shift, and one issue for each thing that goes along.
 * @param {Basket} basket
 * @param {Date} now
 * @returns {Wish[]}
 */
export function wishesOf(basket, now) {
  const until = endOf(basket, now)?.toISOString() ?? "";
  const going = goes(basket);
  const vehicle = going.some((thing) => thing.code === basket.vehicle) ? basket.vehicle : "";
  const start = {
    id: actionId(basket.shift, ""),
    kind: "shift_start",
    code: vehicle || going[0].code,
    data: given({ id: basket.shift, crew: basket.crew.map((member) => member.id), ends_at: until, vehicle, note: basket.note.trim() }),
  };
  const issues = going.map((thing) => ({
    id: actionId(basket.shift, thing.code),
    kind: "issue",
    code: thing.code,
    data: given({ to: holderOf(basket, thing), until, shift: basket.shift, override_reason: thing.fit === false ? thing.override.trim() : "" }),
  }));
  return basket.started ? issues : [start, ...issues];
}

/**
 * @param {Basket} basket
 * @param {Thing} thing
 * @returns {string} the number of who holds it
 */
export function holderOf(basket, thing) {
  return basket.crew.some((member) => member.id === thing.to) ? thing.to : (basket.crew[0]?.id ?? "");
}

/** @param {Record<string, unknown>} data */
export function given(data) {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}
