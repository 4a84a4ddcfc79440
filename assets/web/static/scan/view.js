// @ts-check
/** Draws a scanned asset: what it is, whether it is fit and why not, who has it, then what can be done. */
import { confirmWords, fieldsOf, isKnown } from "./actions.js";
import { el, icon, message, state } from "./element.js";
import { formatCode } from "../label-code.js";
import { word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */

const ICONS = /** @type {Record<string, string>} */ ({ sighting: "eye", issue: "issue", return: "return", fault: "wrench", transfer_send: "arrow", transfer_receive: "check", claim_label: "label", check: "check", kit_check: "check", kit_put: "plus", kit_take: "return", stock_issue: "issue" });

/**
 * The state says more than fitness when it is neither ready nor blocked: due soon, or on the way.
 * @param {Asset} asset
 */
function hasOwnState(asset) {
  return ["due", "away"].includes(asset.state.kind);
}

/** @param {Asset} asset */
function verdict(asset) {
  const { ok } = asset.fit;
  // What the state below says in its own colour is not said twice.
  const reasons = asset.fit.reasons.filter((reason) => !hasOwnState(asset) || reason.text !== asset.state.text);
  const [kind, words] = ok === null ? ["unknown", word("fit_unknown")] : ok ? ["ready", word("fit")] : ["blocked", word("not_fit")];
  return el(
    "div",
    { class: `verdict ${kind}`, "data-testid": "fit" },
    state(kind, words, true),
    reasons.length ? el("ul", {}, ...reasons.map((reason) => el("li", { "data-reason": reason.code }, reason.text))) : null,
  );
}

/**
 * @param {string} label
 * @param {string} value
 */
function fact(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

/** @param {Asset} asset */
function facts(asset) {
  const lang = document.documentElement.lang;
  return el(
    "dl",
    { class: "facts" },
    ...(asset.facts ? asset.facts.map(([label, value]) => fact(label, value)) : [fact(word("held_by"), asset.custodian ?? word("nobody"))]),
    asset.unit ? fact(word("unit"), asset.unit) : null,
    ...asset.meters.filter((meter) => meter.value !== null).map((meter) => fact(meter.label, `${meter.value?.toLocaleString(lang, { maximumFractionDigits: 1 })} ${meter.unit}`)),
  );
}

/**
 * Of what time this is, and what of it nobody else knows yet; nothing for what the server has just answered.
 * @param {Asset} asset
 */
function keptHere(asset) {
  if (!asset.asOf) return null;
  const then = new Date(asset.asOf);
  const lang = document.documentElement.lang;
  const isToday = then.toDateString() === new Date().toDateString();
  const time = then.toLocaleString(lang === "en" ? "en-GB" : lang, isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  const waits = asset.waits ?? [];
  const note = message("warning", word("as_of", { time }));
  note.dataset.testid = "as-of";
  if (waits.length) note.lastElementChild?.append(el("div", {}, `${word("waits_here")} ${waits.join("; ")}`));
  return note;
}

/**
 * @param {Asset} asset
 * @param {(kind: string) => void} choose
 */
export function assetView(asset, choose) {
  const offered = asset.actions.filter((action) => isKnown(action.kind));
  const buttons = offered.map((action, place) => {
    const primary = action.primary || (place === 0 && !offered.some((each) => each.primary));
    const button = el("button", { type: "button", class: primary ? "primary" : "", "data-testid": `action-${action.kind}` }, icon(ICONS[action.kind] ?? "arrow"), action.label);
    button.addEventListener("click", () => choose(action.kind));
    return button;
  });
  return el(
    "article",
    { class: "scanned", "data-testid": "scanned", "data-code": asset.code },
    el("p", { class: "muted" }, `${asset.class} · `, el("span", { class: "code" }, formatCode(asset.code))),
    el("h1", { tabindex: -1 }, asset.title),
    asset.notice ? message("warning", asset.notice) : null,
    keptHere(asset),
    asset.blank ? null : verdict(asset),
    hasOwnState(asset) ? el("p", {}, state(asset.state.kind, asset.state.text)) : null,
    asset.blank ? null : facts(asset),
    el("div", { class: "choose", role: "group" }, ...buttons),
    asset.blank ? null : el("p", {}, el("a", { class: "button quiet", href: `/a/${asset.code}` }, word("open_page"), icon("arrow"))),
  );
}

/**
 * @param {Asset} asset
 * @param {string} kind
 * @param {{confirm: (form: HTMLFormElement) => void, back: () => void}} on
 */
export function actionView(asset, kind, on) {
  const label = asset.actions.find((action) => action.kind === kind)?.label ?? "";
  const back = el("button", { type: "button", "data-testid": "action-back" }, icon("back"), word("back"));
  back.addEventListener("click", on.back);
  const form = el(
    "form",
    { class: "action-form", novalidate: true, "data-kind": kind },
    el("h1", { tabindex: -1 }, label),
    ...fieldsOf(kind, asset),
    el("div", { class: "error", role: "alert", "data-error": true }),
    el("div", { class: "bar" }, el("button", { class: "primary", "data-testid": "action-confirm" }, icon("check"), confirmWords(kind)), back),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    on.confirm(form);
  });
  return form;
}
