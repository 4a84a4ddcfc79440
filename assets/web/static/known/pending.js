// @ts-check
/** What was done on this device lies over what is known: so a scan in flight mode shows the store as it is by now. Pure. */
import { word } from "../scan/words.js";
import { changeKit } from "./kits.js";

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("../scan/types.js").Person} Person */
/** @typedef {import("./book.js").Item} Item */
/** @typedef {import("./book.js").Head} Head */
/** @typedef {{command: import("../outbox/store.js").Command, sent: boolean, title?: string}} Told an action, and whether the server has it already; `title` of what was put into a kit */

const REPORTS = ["sighting", "fault"];
/** Reasons that forbid use by themselves; others are only told. */
const FORBIDS = /^(life_|fault_(major|critical)$|condition_unusable$|never_calibrated$|calibration_(failed|overdue)$|service_overdue$|check_failed$|kit_(incomplete|part_unfit|lot_expired)$)/;
const HANDS_OVER = ["issue", "return", "transfer_send"];

/**
 * @param {Item} item
 * @param {Head} head
 * @param {Told[]} told what was done with it here, in order
 * @param {Person[]} people
 * @param {string | null} notice of the label that was scanned
 * @param {Date} [now]
 * @returns {Asset}
 */
export function overlay(item, head, told, people, notice, now = new Date()) {
  const asset = opened(item, head, notice);
  age(asset, item, now);
  const acts = item.actions.some((kind) => HANDS_OVER.includes(kind));
  for (const each of told) {
    if (!each.sent) asset.waits?.push(said(each.command, head));
    change(asset, each, head, people);
  }
  // A lot has neither holder nor way; what it offers is as it was.
  if (told.length && !asset.facts) offer(asset, item, head, acts);
  return asset;
}

/**
 * As `GET /scan/asset/<code>` answered it then.
 * @param {Item} item
 * @param {Head} head
 * @param {string | null} notice
 * @returns {Asset}
 */
function opened({ actions, units, asks, own, ends: _, ...item }, head, notice) {
  return {
    ...item,
    fit: { ok: item.fit.ok, reasons: [...item.fit.reasons] },
    state: { ...item.state },
    notice: notice ?? item.notice,
    points: head.points?.[item.class_code ?? ""] ?? [],
    operations: item.custodian === null ? null : operations(asks, head),
    actions: actions.map((kind, place) => ({ kind, label: head.labels[kind] ?? kind, primary: place === 0 })),
    units: units === undefined ? null : units === true ? head.units.filter((unit) => unit.code !== own) : units,
    asOf: head.as_of,
    waits: [],
  };
}

/**
 * @param {string | undefined} unit
 * @param {Head} head
 */
function operations(unit, head) {
  return unit === undefined ? null : (head.operations[unit] ?? []);
}

/**
 * What was in date when the list was drawn up need not be today.
 * @param {Asset} asset
 * @param {Item} item
 * @param {Date} now
 */
function age(asset, item, now) {
  if (!item.ends || today(now) <= item.ends[0]) return;
  const [, code, text] = item.ends;
  unfit(asset, code, text);
  if (asset.facts) asset.actions = [];
}

/** @param {Date} now */
function today(now) {
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/**
 * @param {Asset} asset
 * @param {string} code of the reason
 * @param {string} text
 */
function unfit(asset, code, text) {
  if (asset.fit.reasons.some((reason) => reason.code === code)) return;
  asset.fit.ok = false;
  asset.fit.reasons.unshift({ code, text });
  if (asset.state.kind !== "away") asset.state = { kind: "blocked", text };
}

/**
 * @param {Asset} asset
 * @param {Told} told
 * @param {Head} head
 * @param {Person[]} people
 */
function change(asset, told, head, people) {
  const { command, sent } = told;
  const { kind, data } = command;
  const note = (/** @type {string} */ text) => (sent ? text : `${text} (${word("not_sent")})`);
  if (kind === "issue") {
    const person = people.find((each) => String(each.id) === String(data.to));
    asset.custodian = note(person?.name ?? String(data.to));
    asset.custodian_number = String(data.to);
  }
  if (kind === "return") asset.custodian = asset.custodian_number = null;
  if (kind === "transfer_send") {
    const unit = head.units.find((each) => each.code === data.to_unit);
    asset.custodian = asset.custodian_number = null;
    asset.state = { kind: "away", text: note(word("on_its_way", { unit: unit?.name ?? String(data.to_unit) })) };
  }
  if (kind === "transfer_receive") asset.state = { kind: "unknown", text: note(word("received_here")) };
  const reason = spoiled(kind, data);
  if (reason) unfit(asset, reason, head.words[reason] ?? word("not_fit"));
  if (changeKit(asset, told)) unfit(asset, "kit_incomplete", head.words.kit_incomplete ?? word("not_fit"));
  if (kind === "check" && data.passed === true) {
    asset.check_due = false;
    passed(asset);
  }
}

/**
 * @param {string} kind
 * @param {Record<string, unknown>} data
 * @returns {string | null} the code of the reason why it is unfit after this
 */
function spoiled(kind, data) {
  if ((data.condition ?? data.grade) === "D") return "condition_unusable";
  if (kind === "fault" && (data.severity === "major" || data.severity === "critical")) return `fault_${data.severity}`;
  return kind === "check" && data.passed === false ? "check_failed" : null;
}

/**
 * A check that was not passed forbids use until one is.
 * @param {Asset} asset
 */
function passed(asset) {
  const reasons = asset.fit.reasons.filter((reason) => reason.code !== "check_failed");
  if (reasons.length === asset.fit.reasons.length) return;
  asset.fit = { ok: !reasons.some((reason) => FORBIDS.test(reason.code)), reasons };
  if (asset.state.kind === "blocked") asset.state = { kind: asset.fit.ok ? (reasons.length ? "due" : "ready") : "blocked", text: reasons[0]?.text ?? "" };
}

/**
 * What can be done with it after what was done here, as the server would offer it.
 * @param {Asset} asset
 * @param {Item} item
 * @param {Head} head
 * @param {boolean} acts whether this person issues and takes back
 */
function offer(asset, item, head, acts) {
  const isHeld = asset.custodian !== null;
  const isAway = asset.state.kind === "away" && item.state.kind !== "away";
  const reports = item.actions.filter((kind) => REPORTS.includes(kind));
  const inService = !item.fit.reasons.some((reason) => reason.code.startsWith("life_"));
  const sends = !isHeld && !isAway && asset.units ? ["transfer_send"] : [];
  const others = item.actions.filter((kind) => !REPORTS.includes(kind) && !HANDS_OVER.includes(kind) && kind !== "transfer_receive" && kind !== "kit_take");
  if (asset.in_kit && (acts || item.actions.includes("kit_take"))) others.push("kit_take");
  /** @type {string[]} */
  let kinds;
  if (!acts || isAway) kinds = reports;
  else if (isHeld) kinds = ["return", ...reports];
  else if (!inService) kinds = [...reports, ...sends];
  else kinds = asset.fit.ok ? ["issue", ...reports, ...sends] : [...reports, "issue", ...sends];
  asset.actions = [...kinds, ...others].map((kind, place) => ({ kind, label: head.labels[kind] ?? kind, primary: place === 0 }));
  asset.operations = isHeld ? operations(item.asks, head) : null;
}

/**
 * @param {import("../outbox/store.js").Command} command
 * @param {Head} head
 */
function said({ kind, occurred_at, data }, head) {
  const language = document.documentElement.lang;
  const at = new Date(occurred_at).toLocaleTimeString(language === "en" ? "en-GB" : language, { hour: "2-digit", minute: "2-digit" });
  const amount = data.quantity === undefined ? "" : `: ${data.quantity}`;
  return `${head.kinds[kind] ?? kind}${amount}, ${at}`;
}
