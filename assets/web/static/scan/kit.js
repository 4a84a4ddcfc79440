// @ts-check
/** Kits on the scan page: the check of completeness, by ticking or by the camera, and a part put in or taken out. */
import { CodeError, codeFromScan, formatCode } from "../label-code.js";
import { ownBases } from "../wedge.js";
import { Camera, cameraWords } from "./camera.js";
import { el, icon } from "./element.js";
import { FieldError, choices, field, needed, number, text } from "./fields.js";
import { word } from "./words.js";

/** @typedef {import("./types.js").Asset} Asset */

/** A label that stays in the picture is one scan: after so long out of it, it is another. */
const SAME_AGAIN_MS = 3000;

const EN = {
  there: "There",
  not_there: "Not there",
  was_missing: "missing until now",
  scan: "Scan the parts",
  stop: "Stop the camera",
  ticked: "{code}: there",
  besides: "Also found, not a part of this kit",
  count: "How much is in it",
  unanswered: "Say of each part whether it is there.",
  nothing: "Nothing was put into this kit yet.",
  part: "Label of the part",
  confirm_check: "Record the check",
  confirm_put: "Put it in",
  confirm_take: "Take it out",
  take_hint: "It is taken out of kit {code}.",
};
/** @type {typeof EN} */
const RU = {
  there: "Есть",
  not_there: "Нет",
  was_missing: "до сих пор не хватало",
  scan: "Сканировать части",
  stop: "Остановить камеру",
  ticked: "{code}: есть",
  besides: "Найдено ещё, не часть этого комплекта",
  count: "Сколько в нём",
  unanswered: "Скажите о каждой части, есть ли она.",
  nothing: "В этот комплект ещё ничего не положено.",
  part: "Этикетка части",
  confirm_check: "Записать проверку",
  confirm_put: "Положить",
  confirm_take: "Вынуть",
  take_hint: "Вынимается из комплекта {code}.",
};
/** @type {typeof EN} */
const UZ = {
  there: "Bor",
  not_there: "Yoʻq",
  was_missing: "shu paytgacha yetishmagan",
  scan: "Qismlarni skanerlash",
  stop: "Kamerani toʻxtatish",
  ticked: "{code}: bor",
  besides: "Yana topildi, bu toʻplamning qismi emas",
  count: "Ichida qancha",
  unanswered: "Har bir qism borligini ayting.",
  nothing: "Bu toʻplamga hali hech narsa solinmagan.",
  part: "Qismning yorligʻi",
  confirm_check: "Tekshiruvni yozish",
  confirm_put: "Solish",
  confirm_take: "Chiqarish",
  take_hint: "{code} toʻplamidan chiqariladi.",
};
const CATALOGUES = { en: EN, ru: RU, uz: UZ };

/**
 * @param {keyof typeof EN} id
 * @param {string} [code]
 */
function say(id, code = "") {
  const language = /** @type {keyof typeof CATALOGUES} */ (document.documentElement.lang.slice(0, 2));
  return (CATALOGUES[language] ?? EN)[id].replace("{code}", code);
}

/**
 * A button that opens the camera beside the form and tells each code of ours that it reads.
 * @param {(code: string) => string} found answers what to say
 */
function scanner(found) {
  const video = el("video", { playsinline: true, muted: true, hidden: true, "aria-hidden": "true" });
  const told = el("p", { class: "muted", role: "status", "data-testid": "kit-told" });
  const button = el("button", { type: "button", "data-testid": "kit-scan" }, icon("scan"), say("scan"));
  const block = el("div", { class: "stack", "data-kit-scanner": true }, button, video, told);
  let last = "";
  let at = 0;
  /** @param {string} read */
  const filmed = (read) => {
    if (!block.isConnected) return camera.stop(); // The form was left: a phone in a pocket must not film.
    const isSame = read === last && Date.now() - at < SAME_AGAIN_MS;
    last = read;
    at = Date.now();
    if (!isSame) take(read);
  };
  /** @param {string} read */
  const take = (read) => {
    try {
      told.textContent = found(codeFromScan(read, ownBases()));
      navigator.vibrate?.(40);
    } catch (error) {
      if (!(error instanceof CodeError)) throw error;
      told.textContent = word("not_a_label");
    }
  };
  const camera = new Camera(video, filmed);
  const stop = () => {
    camera.stop();
    video.hidden = true;
    button.replaceChildren(icon("scan"), say("scan"));
  };
  button.addEventListener("click", async () => {
    if (!video.hidden) return stop();
    video.hidden = false;
    button.replaceChildren(icon("close"), say("stop"));
    const problem = await camera.start();
    if (!problem) return;
    stop();
    told.textContent = cameraWords(problem);
  });
  const left = new AbortController();
  document.addEventListener("visibilitychange", () => document.hidden && stop(), { signal: left.signal });
  new MutationObserver((_, watch) => {
    if (block.isConnected) return;
    camera.stop();
    left.abort();
    watch.disconnect();
  }).observe(document.body, { childList: true, subtree: true });
  block.addEventListener("kit-code", (event) => event instanceof CustomEvent && take(event.detail));
  return block;
}

// A USB scanner types into the open form of a kit, not into the page; heard before the page hears it.
document.addEventListener("label-scanned", (event) => {
  const open = document.querySelector("[data-kit-scanner]");
  if (!open || !(event instanceof CustomEvent)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  open.dispatchEvent(new CustomEvent("kit-code", { detail: event.detail.code }));
}, true);

/** @param {Asset} asset */
function checkFields(asset) {
  const { parts = [], counted = [] } = asset.kit ?? {};
  const besides = el("div", { class: "stack", "data-keep": "besides" });
  const rows = parts.map((part) => {
    const label = `${part.title} ${formatCode(part.code)}${part.missing ? ` (${say("was_missing")})` : ""}`;
    return choices(`part-${part.code}`, label, [["yes", say("there")], ["no", say("not_there")]], { required: true });
  });
  const list = el("div", { class: "stack" }, ...rows, besides);
  /** @param {string} scanned */
  const found = (scanned) => {
    if (scanned === asset.code) return ""; // The kit's own label tells nothing of its parts.
    const code = parts.find((part) => part.former?.includes(scanned))?.code ?? scanned;
    const row = list.querySelector(`input[name="part-${code}"]`);
    const words = row?.getAttribute("type") === "radio" ? say("ticked", formatCode(code)) : `${say("besides")}: ${formatCode(code)}`;
    if (row instanceof HTMLInputElement) row.checked = true;
    else besides.append(el("label", { class: "choice" }, el("input", { type: "checkbox", name: `part-${code}`, value: "yes", checked: true }), el("span", {}, words)));
    return words;
  };
  return [
    parts.length || counted.length ? null : el("p", { class: "muted" }, say("nothing")),
    parts.length ? scanner(found) : null,
    list,
    ...counted.map((lot) => field(`lot-${lot.lot}`, `${lot.title}, ${lot.unit}`, el("input", { inputmode: "decimal", autocomplete: "off" }), { hint: say("count") })),
    field("note", word("note"), el("textarea", { rows: 2, maxlength: 500 })),
  ];
}

/**
 * @param {FormData} form
 * @param {Asset} asset
 */
function checkData(form, asset) {
  const seen = [...form.entries()].filter(([name]) => name.startsWith("part-"));
  for (const part of asset.kit?.parts ?? []) {
    if (!form.has(`part-${part.code}`)) throw new FieldError(say("unanswered"), `part-${part.code}`);
  }
  const counted = (asset.kit?.counted ?? []).map((lot) => ({ lot: lot.lot, quantity: number(form, `lot-${lot.lot}`, lot.title) }));
  return {
    parts: seen.map(([name, value]) => ({ code: name.slice("part-".length), present: value === "yes" })),
    counted: counted.filter((each) => each.quantity !== null),
    note: text(form, "note"),
  };
}

function putFields() {
  const input = el("input", { autocomplete: "off", autocapitalize: "characters", spellcheck: "false", placeholder: "XXXXX-XXXXX", maxlength: 200, "data-testid": "kit-part" });
  const found = (/** @type {string} */ code) => {
    input.value = formatCode(code);
    return formatCode(code);
  };
  return [field("part", say("part"), input, { required: true }), scanner(found)];
}

/**
 * @param {FormData} form
 * @param {Asset} asset
 */
function putData(form, asset) {
  try {
    return { part: codeFromScan(needed(form, "part", say("part")), ownBases()), kit: asset.code };
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    throw new FieldError(word(error.reason === "mistyped" ? "mistyped" : "not_a_label"), "part");
  }
}

export const kitForms = {
  kit_check: { fields: checkFields, data: checkData, confirm: () => say("confirm_check") },
  kit_put: { fields: putFields, data: putData, confirm: () => say("confirm_put") },
  kit_take: {
    fields: (/** @type {Asset} */ asset) => [el("p", {}, say("take_hint", formatCode(asset.in_kit ?? ""))), field("note", word("note"), el("input", { maxlength: 300 }))],
    data: (/** @type {FormData} */ form, /** @type {Asset} */ asset) => ({ kit: asset.in_kit ?? "", note: text(form, "note") }),
    confirm: () => say("confirm_take"),
  },
};

/**
 * The label that an action is recorded of: what is put into a kit is the part, and not the kit that was scanned.
 * @param {Asset} asset
 * @param {Record<string, unknown>} data of the command; `part` is taken out of it
 * @returns {string}
 */
export function codeOf(asset, data) {
  const { part } = data;
  delete data.part;
  return typeof part === "string" ? part : asset.code;
}
