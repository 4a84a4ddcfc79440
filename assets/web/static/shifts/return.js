// @ts-check
/** Coming back: what a shift had, scanned or ticked, each with its condition and use; one operation, one confirmation. */
import { formatCode } from "../label-code.js";
import { draft, keepDraft, newId, submitAll } from "../outbox/outbox.js";
import { el, icon, message } from "../scan/element.js";
import { choices, field } from "../scan/fields.js";
import { signatureField, signatureOf } from "../scan/signature.js";
import { word } from "../scan/words.js";
import { actionId, given, isRefused } from "./basket.js";
import { finder, itemOf } from "./finder.js";
import { isConfirmed, noteBack, noteConfirmed, shiftsOut } from "./out.js";
import { moment, say } from "./words.js";

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("./out.js").OutShift} OutShift */
/**
 * One thing that may be back; `use` "usual", "none" or an amount; `meter` as it was typed.
 * @typedef {object} Thing
 * @property {string} code
 * @property {string} title
 * @property {string} to
 * @property {boolean} ticked
 * @property {string} condition
 * @property {string} use
 * @property {string} amount
 * @property {string} meter
 * @property {Asset["usual_use"]} usual
 * @property {{kind: string, label: string, unit: string} | null} asks the meter that is read at a return
 * @property {{code: string, label: string}[]} operations
 * @property {string} refused
 */
/** @typedef {{id: string, shift: string, title: string, operation: string, other: string, contribution: string, things: Thing[]}} Back */

const DRAFT = "shift-return";
const AMOUNT = /^\d{1,9}([.,]\d{1,3})?$/;

const page = /** @type {HTMLElement} */ (document.querySelector('[data-page="shift-return"]'));
const root = /** @type {HTMLElement} */ (page.querySelector('[data-part="shift"]'));
/** @type {Back | null} */
let back = null;
/** It is being sent, or was: from then on nothing of it is kept or changed here. */
let busy = false;

const said = el("div", { "aria-live": "polite", "data-testid": "shift-said" });
const list = el("ul", { class: "basket", "data-testid": "basket" });
const operation = el("div", { class: "action-form" });
const problem = el("div", { class: "error", role: "alert", "data-testid": "shift-problem" });
const button = el("button", { class: "primary", "data-testid": "shift-confirm" });

function keep() {
  void keepUnlessConfirmed(mine());
}

/** @param {Back} what */
async function keepUnlessConfirmed(what) {
  if (busy || what !== back) return;
  if (await isConfirmed(what.id)) return refuseStale();
  if (!busy && what === back) await keepDraft(DRAFT, what);
}

/** Another tab has confirmed this: it is not brought back. */
function refuseStale() {
  busy = true;
  showDone([message("warning", say("confirmed_before"))]);
}

/** @returns {Back} */
function mine() {
  if (!back) throw new Error("no shift is chosen");
  return back;
}

function ticked() {
  return mine().things.filter((thing) => thing.ticked);
}

function draw() {
  list.replaceChildren(...mine().things.map(card));
  button.replaceChildren(icon("check"), say("confirm_back", { n: ticked().length }));
  button.disabled = busy;
  drawOperation();
}

/** One tap for the operations that any of the things was likely used in; asked once for all. */
function drawOperation() {
  /** @type {Map<string, string>} */
  const known = new Map();
  for (const thing of ticked()) for (const each of thing.operations) known.set(each.code, each.label);
  const { operation: chosen, other, contribution } = mine();
  const options = choices("operation", word("used_in"), [.../** @type {[string, string][]} */ ([...known].map(([code, label]) => [`code:${code}`, label])), ["none", word("no_operation")], ["other", word("another_operation")]], { chosen: chosen || "none" });
  const code = el("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 64, "data-testid": "operation-code" });
  code.value = other;
  const codeField = field("operation_code", word("operation_code"), code, { required: true });
  codeField.hidden = chosen !== "other";
  const effect = choices("contribution", word("contribution"), [["none", word("contribution_none")], ["supported", word("contribution_supported")], ["decisive", word("contribution_decisive")]], { chosen: contribution || "none" });
  effect.hidden = !chosen || chosen === "none";
  options.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement) mine().operation = event.target.value;
    codeField.hidden = mine().operation !== "other";
    effect.hidden = mine().operation === "none";
    keep();
  });
  effect.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement) mine().contribution = event.target.value;
    keep();
  });
  code.addEventListener("input", () => {
    mine().other = code.value;
    keep();
  });
  operation.replaceChildren(options, codeField, effect);
}

/** @param {Thing} thing */
function card(thing) {
  const tick = el("input", { type: "checkbox", checked: thing.ticked, "data-testid": "thing-tick" });
  tick.addEventListener("change", () => {
    thing.ticked = tick.checked;
    keep();
    if (thing.ticked) void learn(thing).then(draw);
    draw();
  });
  return el(
    "li",
    { class: thing.refused ? "blocked" : thing.ticked ? "ready" : "due", "data-testid": "thing", "data-code": thing.code },
    el("div", {}, el("strong", {}, thing.title), " ", el("span", { class: "code" }, formatCode(thing.code)), el("span", { class: "sub muted" }, ` ${thing.to}`)),
    thing.refused ? message("error", thing.refused) : null,
    el("label", { class: "choice" }, tick, el("span", {}, say("back"))),
    thing.ticked ? conditionOf(thing) : null,
    thing.ticked ? useOf(thing) : null,
    thing.ticked && thing.asks ? meterOf(thing, thing.asks) : null,
  );
}

/** @param {Thing} thing */
function conditionOf(thing) {
  const grades = /** @type {[string, string][]} */ ([["A", word("grade_A")], ["B", word("grade_B")], ["C", word("grade_C")], ["D", word("grade_D")]]);
  const field = choices(`condition-${thing.code}`, say("condition"), grades, { required: true, chosen: thing.condition });
  field.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement) thing.condition = event.target.value;
    keep();
  });
  return field;
}

/** @param {Thing} thing */
function useOf(thing) {
  if (!thing.usual) return null;
  const unit = word(thing.usual.unit === "hours" ? "hours" : "uses");
  const amount = el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "use-amount", "aria-label": `${word("how_much")}, ${unit}`, hidden: thing.use !== "other" });
  amount.value = thing.amount;
  const options = choices(`use-${thing.code}`, word("used"), [["usual", word("usual", { value: `${thing.usual.value} ${unit}` })], ["none", word("not_used")], ["other", word("other_use")]], { required: true, chosen: thing.use });
  options.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.type === "radio") thing.use = event.target.value;
    amount.hidden = thing.use !== "other";
    keep();
  });
  amount.addEventListener("input", () => {
    thing.amount = amount.value;
    keep();
  });
  return el("div", { class: "stack" }, options, amount);
}

/**
 * @param {Thing} thing
 * @param {{label: string, unit: string}} asks
 */
function meterOf(thing, asks) {
  const input = el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "meter" });
  input.value = thing.meter;
  input.addEventListener("input", () => {
    thing.meter = input.value;
    keep();
  });
  return el("label", {}, asks.unit ? `${asks.label}, ${asks.unit}` : asks.label, input);
}

/** @param {{code: string, title?: string, to?: string}} told */
function fresh({ code, title = "", to = "" }) {
  /** @type {Thing} */
  const thing = { code, title: title || formatCode(code), to, ticked: false, condition: "", use: "usual", amount: "", meter: "", usual: null, asks: null, operations: [], refused: "" };
  return thing;
}

/**
 * What a return of it asks for: usual use, meter, operations.
 * @param {Thing} thing
 */
async function learn(thing) {
  const item = await itemOf(thing.code);
  if (typeof item === "string") return item;
  if (!item) return "";
  thing.title = item.title;
  thing.usual = item.usual_use;
  thing.asks = item.meters[0] ?? null;
  thing.operations = item.operations ?? [];
  thing.to = item.custodian ?? thing.to;
  keep();
  return "";
}

/** @param {string} code */
async function scanned(code) {
  const known = mine().things.find((thing) => thing.code === code);
  const thing = known ?? fresh({ code });
  const wrong = await learn(thing);
  if (wrong && !known) {
    said.replaceChildren(message("error", wrong));
    return;
  }
  if (!known) mine().things.unshift(thing);
  said.replaceChildren(known ? "" : message("warning", say("not_here", { code: formatCode(code) })));
  thing.ticked = true;
  keep();
  draw();
}

/** @param {Thing} thing */
function wrongWith(thing) {
  if (!thing.condition) return say("need_condition", { what: thing.title });
  if (thing.usual && thing.use === "other" && !AMOUNT.test(thing.amount.trim())) return word("not_a_number", { field: `${thing.title}: ${word("how_much")}` });
  return thing.meter.trim() && !AMOUNT.test(plain(thing.meter)) ? word("not_a_number", { field: thing.title }) : "";
}

/** @param {string} text */
function plain(text) {
  return text.replace(/[\s\u00a0\u202f]/g, "");
}

/** @param {string} text */
function amountOf(text) {
  return Number(plain(text).replace(",", "."));
}

/** @returns {string} the operation's code, "" for none */
function operationCode() {
  const { operation: chosen, other } = mine();
  if (chosen === "other") return other.trim();
  return chosen.startsWith("code:") ? chosen.slice("code:".length) : "";
}

/** @param {Thing} thing */
function wishOf(thing) {
  const code = operationCode();
  const told = code ? given({ operation: code, contribution: mine().contribution }) : {};
  const amount = !thing.usual || thing.use === "none" ? null : thing.use === "usual" ? thing.usual.value : amountOf(thing.amount);
  // Said not to be used, it was used in no operation either.
  const use = amount !== null && thing.usual ? { [thing.usual.unit]: amount, ...told } : !thing.usual && code ? told : null;
  return {
    id: actionId(mine().id, thing.code),
    kind: "return",
    code: thing.code,
    data: given({ condition: thing.condition, use, meter: thing.meter.trim() ? amountOf(thing.meter) : null, shift: mine().shift }),
  };
}

/**
 * @param {SubmitEvent} event
 * @param {HTMLFormElement} form
 */
async function confirm(event, form) {
  event.preventDefault();
  if (busy) return;
  const coming = ticked();
  const words = coming.length ? (coming.map(wrongWith).find(Boolean) ?? "") : say("nothing_ticked");
  problem.replaceChildren(...(words ? [icon("warn"), el("span", {}, words)] : []));
  if (words) return;
  busy = true;
  button.disabled = true;
  button.replaceChildren(say("sending"));
  if (await isConfirmed(mine().id)) return refuseStale();
  const signature = await signatureOf(form);
  const outcomes = await submitAll(coming.map((thing) => ({ wish: wishOf(thing), signature })), DRAFT);
  const left = coming.filter((thing, place) => {
    const outcome = outcomes[place];
    thing.refused = isRefused(outcome) ? (outcome.message ?? outcome.code ?? "") : "";
    return thing.refused;
  });
  const done = coming.filter((thing) => !left.includes(thing));
  await noteBack(mine().shift, done.map((thing) => thing.code));
  const kept = outcomes.find((outcome) => outcome.status === "kept");
  const told = [kept ? message("warning", say(/** @type {"kept_offline"} */ (`kept_${kept.reason ?? "server"}`))) : message("success", say("back_done", { n: done.length }))];
  const things = mine().things.filter((thing) => !done.includes(thing));
  if (things.length) told.push(el("div", {}, say("stays_out", { n: things.length })));
  if (left.length) {
    told.push(message("error", say("some_refused", { n: left.length })));
    busy = false;
    back = { ...mine(), things };
    said.replaceChildren(...told);
    keep();
    draw();
  } else {
    await noteConfirmed(mine().id);
    await keepDraft(DRAFT, null);
    showDone(told);
  }
  scrollTo(0, 0);
}

/** @param {HTMLElement[]} told */
function showDone(told) {
  const { shift } = mine();
  root.replaceChildren(el("div", { class: "stack", "data-testid": "shift-done" }, ...told, el("p", { class: "row" }, el("a", { class: "button primary", href: shift ? `/shifts/${shift}` : "/shifts" }, say("show_shift")), el("a", { class: "button", href: "/shifts/return" }, say("another")))));
}

function build() {
  const good = el("button", { type: "button", "data-testid": "all-good" }, icon("check"), say("all_good"));
  good.addEventListener("click", () => {
    for (const thing of ticked()) thing.condition = "A";
    keep();
    draw();
  });
  const form = el("form", { class: "stack", novalidate: true }, list, good, operation, signatureField(), problem, el("div", { class: "bar" }, button, chooseAnother()));
  form.addEventListener("submit", (event) => void confirm(event, form));
  root.replaceChildren(el("p", {}, el("strong", {}, mine().title)), said, finder((code) => void scanned(code)), form);
  draw();
}

function chooseAnother() {
  const other = el("button", { type: "button", class: "quiet" }, icon("back"), word("back"));
  other.addEventListener("click", () => {
    busy = true;
    void keepDraft(DRAFT, null).then(() => location.assign("/shifts/return"));
  });
  return other;
}

/** @param {OutShift} shift */
function lineOf(shift) {
  return say("shift_line", { persons: shift.persons, n: shift.items.length, time: shift.ends_at ? moment(shift.ends_at) : "–" });
}

/** @param {OutShift | null} shift */
function choose(shift) {
  back = { id: newId(), shift: shift?.id ?? "", title: shift ? lineOf(shift) : say("no_shift"), operation: "none", other: "", contribution: "none", things: (shift?.items ?? []).map(fresh) };
  keep();
  build();
}

/** @param {OutShift[]} shifts */
function offer(shifts) {
  const none = el("button", { type: "button", "data-testid": "without-shift" }, say("no_shift"));
  none.addEventListener("click", () => choose(null));
  root.replaceChildren(
    el("h2", {}, say("which")),
    shifts.length ? "" : el("p", { class: "muted" }, say("none_out")),
    el(
      "div",
      { class: "sets" },
      ...shifts.map((shift) => {
        const one = el("button", { type: "button", "data-testid": "shift-choice" }, el("span", {}, lineOf(shift), shift.state === "late" ? el("strong", {}, ` · ${say("late")}`) : null));
        one.addEventListener("click", () => choose(shift));
        return one;
      }),
      none,
    ),
  );
}

const wanted = new URLSearchParams(location.search).get("shift");
/** @type {Back | null} */
const kept = await draft(DRAFT).catch(() => null);
if (kept && (!wanted || kept.shift === wanted) && !(await isConfirmed(kept.id))) {
  back = { ...kept, id: kept.id ?? newId() };
  build();
} else {
  const shifts = await shiftsOut();
  const one = shifts.find((shift) => shift.id === wanted);
  if (one) choose(one);
  else offer(shifts);
}
