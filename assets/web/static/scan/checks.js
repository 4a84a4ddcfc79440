// @ts-check
/** The check before use: the points of the item's class, each in order or not; what is not is reported in the same step. */
import { el, icon } from "./element.js";
import { choices, field, needed, number, text } from "./fields.js";
import { photoField } from "./photos.js";
import { word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */

const EN = {
  all_ok: "Everything is in order",
  ok: "In order",
  not_ok: "Not in order",
  report_as: "Report it as",
  to_look_at: "To be looked at",
  fault: "The fault, if you can say more",
  fault_hint: "What is not in order is reported to the workshop in any case.",
  daily: "It is checked at each shift, and was not today.",
  confirm: "Record the check",
};
/** @type {typeof EN} */
const RU = {
  all_ok: "Всё в порядке",
  ok: "В порядке",
  not_ok: "Не в порядке",
  report_as: "Сообщить как",
  to_look_at: "Надо посмотреть",
  fault: "Неисправность, если можете сказать подробнее",
  fault_hint: "О том, что не в порядке, мастерская узнает в любом случае.",
  daily: "Проверяется в каждую смену, сегодня ещё не проверено.",
  confirm: "Записать проверку",
};
/** @type {typeof EN} */
const UZ = {
  all_ok: "Hammasi joyida",
  ok: "Joyida",
  not_ok: "Joyida emas",
  report_as: "Qanday deb xabar berish",
  to_look_at: "Koʻrib chiqish kerak",
  fault: "Nosozlik, batafsil ayta olsangiz",
  fault_hint: "Joyida boʻlmagan narsa haqida ustaxona baribir xabar oladi.",
  daily: "Har smenada tekshiriladi, bugun hali tekshirilmagan.",
  confirm: "Tekshiruvni yozish",
};
const CATALOGUES = { en: EN, ru: RU, uz: UZ };

/** @param {keyof typeof EN} id */
export function checkWord(id) {
  const language = /** @type {keyof typeof CATALOGUES} */ (document.documentElement.lang.slice(0, 2));
  return (CATALOGUES[language] ?? EN)[id];
}

/**
 * @param {Asset} asset
 * @returns {(HTMLElement | null)[]}
 */
function fields(asset) {
  const points = asset.points ?? [];
  const list = points.map(([code, label]) => {
    const point = choices(`point-${code}`, label, [["ok", checkWord("ok")], ["not", checkWord("not_ok")]], { required: true });
    point.classList.add("check-point");
    return point;
  });
  const all = el("button", { type: "button", "data-testid": "check-all-ok" }, icon("check"), checkWord("all_ok"));
  const fault = el(
    "div",
    { class: "stack", hidden: true, "data-testid": "check-fault" },
    choices("severity", checkWord("report_as"), [["minor", checkWord("to_look_at")], ["major", word("severity_major")], ["critical", word("severity_critical")]], { required: true, chosen: "minor" }),
    field("fault", checkWord("fault"), el("textarea", { rows: 2, maxlength: 2000, "data-testid": "check-fault-text" }), { hint: checkWord("fault_hint") }),
  );
  const block = el("div", { class: "stack" }, all, ...list, fault);
  const look = () => {
    fault.hidden = !block.querySelector('input[value="not"]:checked');
  };
  block.addEventListener("change", look);
  all.addEventListener("click", () => {
    for (const input of block.querySelectorAll('input[value="ok"]')) if (input instanceof HTMLInputElement) input.checked = true;
    look();
  });
  const meter = asset.meters[0];
  return [
    asset.check_due ? el("p", { class: "muted" }, checkWord("daily")) : null,
    block,
    meter ? field("reading", meter.unit ? `${meter.label}, ${meter.unit}` : meter.label, el("input", { inputmode: "decimal", autocomplete: "off", "data-testid": "check-reading" })) : null,
    field("note", word("note"), el("textarea", { rows: 2, maxlength: 2000, "data-testid": "note" })),
    photoField(),
  ];
}

/**
 * @param {FormData} form
 * @param {Asset} asset
 * @returns {Record<string, unknown>} the data of the command `check`: passed when all is in order
 */
function data(form, asset) {
  const points = asset.points ?? [];
  const items = Object.fromEntries(points.map(([code, label]) => [code, needed(form, `point-${code}`, label)]));
  const wrong = points.filter(([code]) => items[code] !== "ok").map(([, label]) => label);
  const told = text(form, "fault");
  const severity = text(form, "severity");
  const says = wrong.length > 0 && (told !== "" || severity !== "minor");
  return {
    items,
    passed: wrong.length === 0,
    reading: asset.meters[0] ? number(form, "reading", asset.meters[0].label) : null,
    note: text(form, "note"),
    fault: says ? { severity: severity || "minor", text: told || `${checkWord("not_ok")}: ${wrong.join("; ")}` } : null,
  };
}

export const checkForm = { fields, data, confirm: () => checkWord("confirm") };
