// @ts-check
/** Kits on this device: what was put in, taken out or not found here, and parts that went along with their kit. Pure. */

/** @typedef {import("../scan/types.js").Asset} Asset */
/** @typedef {import("./book.js").Item} Item */
/** @typedef {import("./pending.js").Told} Told */

const ALONG = ["issue", "return", "transfer_send", "transfer_receive"];

/**
 * Of all that was done here, what concerns this item: done with it, with the kit that it was in then, or with its parts.
 * @param {Told[]} told in order
 * @param {Item} item
 * @param {string[]} codes labels that lead to it
 * @param {Item | null} home the kit that it was in when the list was drawn up
 * @returns {Told[]}
 */
export function concerning(told, item, codes, home) {
  let kit = item.in_kit;
  // A part that was missed, or that is not where its kit is, does not go with it.
  let goes = !home || (home.custodian === item.custodian && home.unit === item.unit && !home.kit?.parts.some((part) => codes.includes(part.code) && part.missing));
  return told.flatMap((each) => {
    const { kind, code, data } = each.command;
    if (codes.includes(code)) {
      if (kind === "kit_put" || kind === "kit_take") kit = kind === "kit_put" ? String(data.kit) : undefined;
      if (["kit_put", "return", "transfer_receive"].includes(kind)) goes = true;
      if (kind === "issue" || kind === "transfer_send") goes = false;
      return [each];
    }
    if (code === kit && kind === "kit_check") goes = checked(data).find((part) => codes.includes(part.code))?.present ?? goes;
    // What is said of the kit's condition is not said of its parts.
    if (code === kit && ALONG.includes(kind)) return goes ? [{ ...each, command: { ...each.command, data: { to: data.to, to_unit: data.to_unit } } }] : [];
    const isOurs = data.kit === item.code || item.kit?.parts.some((part) => part.code === code);
    return isOurs && (kind === "kit_put" || kind === "kit_take") ? [each] : [];
  });
}

/**
 * @param {Asset} asset changed
 * @param {Told} told
 * @returns {boolean} whether it lacks after this what it cannot be without
 */
export function changeKit(asset, { command: { kind, code, data }, title }) {
  if (kind === "kit_check") return miss(asset, checked(data));
  if (kind !== "kit_put" && kind !== "kit_take") return false;
  const before = asset.kit ?? { parts: [], counted: [] };
  const part = before.parts.find((each) => each.code === code);
  if (kind === "kit_put" && data.kit === asset.code) {
    if (!part) asset.kit = { ...before, parts: [...before.parts, { code, title: title ?? code, missing: false }] };
  } else if (part) {
    asset.kit = { ...before, parts: before.parts.filter((each) => each !== part) };
    return lacks(asset, part.line);
  } else if (data.kit !== asset.code) asset.in_kit = kind === "kit_put" ? String(data.kit) : undefined;
  return false;
}

/**
 * @param {Record<string, unknown>} data of a check
 * @returns {{code: string, present: boolean}[]}
 */
function checked(data) {
  return Array.isArray(data.parts) ? data.parts : [];
}

/**
 * @param {Asset} asset
 * @param {{code: string, present: boolean}[]} found
 */
function miss(asset, found) {
  if (!asset.kit) return false;
  const present = new Map(found.map((part) => [part.code, part.present]));
  asset.kit = { ...asset.kit, parts: asset.kit.parts.map((part) => ({ ...part, missing: !(present.get(part.code) ?? !part.missing) })) };
  return asset.kit.parts.some((part) => present.get(part.code) === false && lacks(asset, part.line));
}

/**
 * @param {Asset} asset
 * @param {number | undefined} line of the list, where it is a required one
 */
function lacks(asset, line) {
  const asked = line === undefined ? undefined : asset.kit?.lines?.[line];
  return asked !== undefined && (asset.kit?.parts ?? []).filter((part) => part.line === line && !part.missing).length < asked;
}
