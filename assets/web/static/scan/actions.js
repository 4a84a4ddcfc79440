// @ts-check
/** The short forms behind the actions of a scanned asset: their fields, and the command data made from them. */
import { CodeError, codeFromScan } from "../label-code.js";
import { ownBases } from "../wedge.js";
import { checkForm } from "./checks.js";
import { el, icon } from "./element.js";
import { FieldError, choices, condition, field, needed, number, text, wholeNumber } from "./fields.js";
import { kitForms } from "./kit.js";
import { personField } from "./persons.js";
import { photoField } from "./photos.js";
import { pinField } from "./confirming.js";
import { signatureField } from "./signature.js";
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
  const typed = usual.unit === "count" ? wholeNumber : number;
  const amount = chosen === "usual" ? usual.value : typed(form, "use_amount", word("how_much"));
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

/** @param {Asset} asset */
function unitField(asset) {
  const units = asset.units ?? [];
  const input = el("select", { "data-testid": "to-unit" }, el("option", { value: "" }, word("choose_unit")), ...units.map((unit) => el("option", { value: unit.code, selected: units.length === 1 }, unit.name)));
  return field("to_unit", word("to_unit"), input, { required: true });
}

/** The code of the item that a blank label is put on: typed, or from its old label, which the scan page then reads. */
function itemField() {
  const code = el("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", placeholder: "XXXXX-XXXXX", maxlength: 200, "data-testid": "claim-item" });
  const scan = el("button", { type: "button", "data-testid": "claim-scan" }, icon("scan"), word("claim_scan"));
  scan.addEventListener("click", () => scan.dispatchEvent(new Event("scan-item", { bubbles: true })));
  return el("div", { class: "stack" }, field("asset", word("claim_item"), code, { required: true, hint: word("claim_hint") }), scan);
}

/** @param {FormData} form */
function itemCode(form) {
  const typed = needed(form, "asset", word("claim_item"));
  try {
    return codeFromScan(typed, ownBases());
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    throw new FieldError(word(error.reason === "mistyped" ? "mistyped" : "not_a_label"), "asset");
  }
}

/** @type {Record<string, ActionForm>} */
const FORMS = {
  sighting: {
    fields: () => [condition(false), field("note", word("note"), area("note")), photoField()],
    data: (form) => ({ condition: text(form, "condition"), note: text(form, "note") }),
    confirm: () => word("confirm_sighting"),
  },
  issue: {
    fields: (asset) => [
      personField(),
      field("until", word("until"), el("input", { type: "date", "data-testid": "until" })),
      asset.fit.ok === true ? null : field("override_reason", word("override"), area("override_reason"), { required: true, hint: word("override_hint") }),
      photoField(),
      signatureField(),
      pinField(),
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
    fields: (asset) => [condition(true), useField(asset), operationField(asset), contributionField(asset), meterField(asset), photoField(), signatureField()],
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
      photoField(),
    ],
    data: (form) => ({ severity: needed(form, "severity", word("severity")), text: needed(form, "text", word("text")) }),
    confirm: () => word("confirm_fault"),
  },
  transfer_send: {
    fields: (asset) => [
      unitField(asset),
      field("until", word("loan_until"), el("input", { type: "date", "data-testid": "until" }), { hint: word("loan_hint") }),
      field("note", word("note"), area("note")),
      signatureField(),
    ],
    data: (form) => ({ to_unit: needed(form, "to_unit", word("to_unit")), until: text(form, "until"), note: text(form, "note") }),
    confirm: () => word("confirm_send"),
  },
  transfer_receive: {
    fields: () => {
      const grade = condition(true);
      const note = field("note", word("different"), area("note"));
      const came = choices("came", word("came"), [["good", word("came_good")], ["damaged", word("came_damaged")], ["missing", word("came_missing")], ["wrong_item", word("came_wrong_item")]], { required: true, chosen: "good" });
      came.addEventListener("change", (event) => {
        // What did not come has no condition.
        grade.hidden = event.target instanceof HTMLInputElement && ["missing", "wrong_item"].includes(event.target.value);
      });
      return [came, grade, note, signatureField()];
    },
    data: (form) => {
      const came = needed(form, "came", word("came"));
      const note = ["damaged", "wrong_item"].includes(came) ? needed(form, "note", word("different")) : text(form, "note");
      if (came === "missing" || came === "wrong_item") return { differences: [{ kind: came }], note };
      return { condition: needed(form, "condition", word("condition")), differences: came === "damaged" ? [{ kind: came }] : null, note };
    },
    confirm: () => word("confirm_receive"),
  },
  stock_issue: {
    fields: (asset) => [
      field("quantity", `${word("how_much")}, ${asset.counted_in ?? ""}`, el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "quantity" }), { required: true }),
      personField(),
      asset.first_out === true ? null : field("reason", word("not_first"), area("reason"), { required: true, hint: word("not_first_hint") }),
    ],
    data: (form, asset) => {
      const quantity = number(form, "quantity", word("how_much"));
      if (quantity === null) throw new FieldError(word("missing", { field: word("how_much") }), "quantity");
      return {
        quantity,
        to: needed(form, "to", word("to")),
        reason: asset.first_out === true ? "" : needed(form, "reason", word("not_first")),
      };
    },
    confirm: () => word("confirm_issue"),
  },
  check: checkForm,
  ...kitForms,
  claim_label: {
    fields: () => [itemField()],
    data: (form) => ({ asset: itemCode(form) }),
    confirm: () => word("confirm_claim"),
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
  const filled = new FormData(form);
  return given({ ...FORMS[kind].data(filled, asset), signed_on_paper: text(filled, "signed_on_paper") === "yes" || null });
}

/** @param {string} kind */
export function confirmWords(kind) {
  return FORMS[kind].confirm();
}
