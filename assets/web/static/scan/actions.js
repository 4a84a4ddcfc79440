// @ts-check
/** The short forms behind the actions of a scanned asset: their fields, and the command data made from them. */
import { el } from "./element.js";
import { FieldError, choices, condition, field, needed, number, text } from "./fields.js";
import { personField } from "./persons.js";
import { word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */
/** @typedef {{fields: (asset: Asset) => (HTMLElement | null)[], data: (form: FormData, asset: Asset) => Record<string, unknown>, confirm: () => string}} ActionForm */

/**
 * Leaves out what was not given: the server refuses unknown and empty keys.
 * @param {Record<string, unknown>} data
 */
function given(data) {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

/** @param {string} name */
function area(name) {
  return el("textarea", { name, rows: 3, maxlength: 2000, "data-testid": name });
}

/** @param {"count" | "hours"} unit */
function useUnit(unit) {
  return word(unit === "hours" ? "hours" : "uses");
}

/** @param {Asset} asset */
function meterField(asset) {
  const meter = asset.meters[0];
  if (!meter) return null;
  const input = el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "meter" });
  const last = meter.value === null ? "" : word("meter_last", { value: meter.value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }), unit: meter.unit });
  return field("meter", meter.unit ? `${meter.label}, ${meter.unit}` : meter.label, input, { hint: last });
}

/** One tap for the usual use; a number only for "other". */
/** @param {Asset} asset */
function useField(asset) {
  const usual = asset.usual_use;
  if (!usual) return null;
  const amount = el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "use-amount" });
  const other = field("use_amount", `${word("how_much")}, ${useUnit(usual.unit)}`, amount, { required: true });
  other.hidden = true;
  const options = choices(
    "use",
    word("used"),
    [
      ["usual", word("usual", { value: `${usual.value} ${useUnit(usual.unit)}` })],
      ["none", word("not_used")],
      ["other", word("other_use")],
    ],
  );
  options.addEventListener("change", (event) => {
    other.hidden = !(event.target instanceof HTMLInputElement && event.target.value === "other");
    if (!other.hidden) amount.focus();
  });
  return el("div", { class: "stack" }, options, other);
}

/**
 * @param {FormData} form
 * @param {Asset} asset
 */
function useData(form, asset) {
  const usual = asset.usual_use;
  const chosen = text(form, "use");
  if (chosen === "none") return null;
  const told = { operation: operationCode(form), contribution: text(form, "contribution") };
  // Something that is not counted, or of which nobody said how much, still was used in the operation that is named.
  if (!usual || !chosen) return told.operation ? given(told) : null;
  const amount = chosen === "usual" ? usual.value : number(form, "use_amount", word("how_much"));
  if (amount === null) throw new FieldError(word("missing", { field: word("how_much") }), "use_amount");
  return given({ [usual.unit]: amount, ...told });
}

/** One tap for the operations that it was likely used in; a code only for "another". */
/** @param {Asset} asset */
function operationField(asset) {
  if (!asset.operations) return null;
  const code = el("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 64, "data-testid": "operation-code" });
  const other = field("operation_code", word("operation_code"), code, { required: true });
  other.hidden = true;
  /** @type {[string, string][]} */
  const likely = asset.operations.map((operation) => [`code:${operation.code}`, operation.label]);
  const options = choices("operation", word("used_in"), [...likely, ["none", word("no_operation")], ["other", word("another_operation")]]);
  options.addEventListener("change", (event) => {
    other.hidden = !(event.target instanceof HTMLInputElement && event.target.value === "other");
    if (!other.hidden) code.focus();
  });
  return el("div", { class: "stack" }, options, other);
}

/**
 * @param {FormData} form
 * @returns {string} the operation's code, "" for none
 */
function operationCode(form) {
  const chosen = text(form, "operation");
  if (chosen === "other") return needed(form, "operation_code", word("operation_code"));
  return chosen.startsWith("code:") ? chosen.slice("code:".length) : "";
}

/** @param {Asset} asset */
function contributionField(asset) {
  if (!asset.operations) return null;
  return choices("contribution", word("contribution"), [
    ["none", word("contribution_none")],
    ["supported", word("contribution_supported")],
    ["decisive", word("contribution_decisive")],
  ]);
}

/** @type {Record<string, ActionForm>} */
const FORMS = {
  sighting: {
    fields: () => [condition(false), field("note", word("note"), area("note"))],
    data: (form) => ({ condition: text(form, "condition"), note: text(form, "note") }),
    confirm: () => word("confirm_sighting"),
  },
  issue: {
    fields: (asset) => [
      personField(),
      field("until", word("until"), el("input", { type: "date", "data-testid": "until" })),
      asset.fit.ok === true ? null : field("override_reason", word("override"), area("override_reason"), { required: true, hint: word("override_hint") }),
    ],
    data: (form, asset) => {
      return {
        to: needed(form, "to", word("to")),
        until: text(form, "until"),
        override_reason: asset.fit.ok === true ? "" : needed(form, "override_reason", word("override")),
      };
    },
    confirm: () => word("confirm_issue"),
  },
  return: {
    fields: (asset) => [condition(true), useField(asset), operationField(asset), contributionField(asset), meterField(asset)],
    data: (form, asset) => ({
      condition: needed(form, "condition", word("condition")),
      meter: asset.meters[0] ? number(form, "meter", asset.meters[0].label) : null,
      use: useData(form, asset),
    }),
    confirm: () => word("confirm_return"),
  },
  fault: {
    fields: () => [
      choices("severity", word("severity"), [["minor", word("severity_minor")], ["major", word("severity_major")], ["critical", word("severity_critical")]], { required: true }),
      field("text", word("text"), area("text"), { required: true }),
    ],
    data: (form) => ({ severity: needed(form, "severity", word("severity")), text: needed(form, "text", word("text")) }),
    confirm: () => word("confirm_fault"),
  },
};

/**
 * @param {string} kind
 * @returns {boolean} whether this page has a form for that action
 */
export function isKnown(kind) {
  return Object.hasOwn(FORMS, kind);
}

/**
 * @param {string} kind
 * @param {Asset} asset
 */
export function fieldsOf(kind, asset) {
  return FORMS[kind].fields(asset).filter((each) => each !== null);
}

/**
 * @param {string} kind
 * @param {HTMLFormElement} form
 * @param {Asset} asset
 * @returns {Record<string, unknown>} the command's data
 * @throws {FieldError} with words and the field's name
 */
export function dataOf(kind, form, asset) {
  return given(FORMS[kind].data(new FormData(form), asset));
}

/** @param {string} kind */
export function confirmWords(kind) {
  return FORMS[kind].confirm();
}
