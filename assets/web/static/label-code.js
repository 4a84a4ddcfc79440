// @ts-check
/**
 * Reads label codes from what people type and scanners send. The twin of `assets/labels/token.py`: the same
 * rules, held together by shared vectors in tests/unit/labels.
 */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 10;
const LONGEST_SCAN = 2000;

/** Spaces, hyphens, dashes and zero-width characters: they may stand anywhere and mean nothing. */
const SEPARATORS = new Set(
  "\t\n\v\f\r -\u00a0\u00ad\u2007\u2009\u200b\u200c\u200d\u2010\u2011\u2012\u2013\u2014\u2015\u202f\u2060\u2212\ufeff",
);

/** @type {Map<string, number>} each letter that may be typed, and the value it stands for */
const VALUES = new Map();
for (const [value, symbol] of [...ALPHABET].entries()) {
  VALUES.set(symbol, value);
  VALUES.set(symbol.toLowerCase(), value);
}
for (const letter of "Oo") VALUES.set(letter, 0);
for (const letter of "IiLl") VALUES.set(letter, 1);

/** @typedef {"empty" | "length" | "alphabet" | "mistyped" | "not_a_label" | "foreign"} Reason */

/** The text holds no label code of ours; `reason` says why in one stable word. */
export class CodeError extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(`no label code: ${reason}`);
    this.name = "CodeError";
    /** @type {Reason} */
    this.reason = reason;
  }
}

/** The text is an address on a host that is not ours. Never to be followed. */
export class ForeignAddress extends CodeError {
  /** @param {string} host as it was read */
  constructor(host) {
    super("foreign");
    this.name = "ForeignAddress";
    this.host = host;
  }
}

/**
 * Multiplies by x in GF(32) with the primitive polynomial x^5 + x^2 + 1.
 * @param {number} value
 * @returns {number}
 */
function timesX(value) {
  const doubled = value << 1;
  return doubled & 0b100000 ? doubled ^ 0b100101 : doubled;
}

/**
 * The canonical code (ten capitals) in a text, in any case, with O for 0 and I or L for 1, hyphens and spaces
 * anywhere.
 * @param {string} text
 * @returns {string}
 * @throws {CodeError} `empty`, `alphabet`, `length` or `mistyped`
 */
export function parseCode(text) {
  /** @type {number[]} */
  const values = [];
  let strange = false;
  for (const letter of [...text].slice(0, LONGEST_SCAN + 1)) {
    if (SEPARATORS.has(letter)) continue;
    const value = VALUES.get(letter);
    if (value === undefined) strange = true;
    else values.push(value);
  }
  if (strange) throw new CodeError("alphabet");
  if (values.length === 0) throw new CodeError("empty");
  if (values.length !== CODE_LENGTH) throw new CodeError("length");
  if (values.reduce((total, value) => timesX(total) ^ value, 0) !== 0) throw new CodeError("mistyped");
  return values.map((value) => ALPHABET[value]).join("");
}

/**
 * The canonical code as printed and shown: `XXXXX-XXXXX`.
 * @param {string} code
 * @returns {string}
 */
export function formatCode(code) {
  return `${code.slice(0, 5)}-${code.slice(5)}`;
}

const CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁўқғҳЎҚҒҲ";
const CYRILLIC_US = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~os-=OS_+";
const PUNCTUATION = '.,"№;:?/';
const PUNCTUATION_US = "/?@#$^&|";

/** @type {Map<string, string>} what a key gives under a Cyrillic layout, to what it gives under the US one */
const KEYS = new Map();
for (const [at, letter] of [...(CYRILLIC + PUNCTUATION)].entries()) {
  KEYS.set(letter, (CYRILLIC_US + PUNCTUATION_US)[at]);
}
// With Caps Lock on, plain and shifted forms change places; no address or code has `;`, `>` or `_`.
for (const letter of "жЖ") KEYS.set(letter, ":");
for (const letter of "юЮ") KEYS.set(letter, ".");
for (const letter of "ғҒ") KEYS.set(letter, "-");

/**
 * What a scanner meant that typed under a Russian or Uzbek Cyrillic keyboard layout; a text without a Cyrillic
 * letter comes back unchanged.
 * @param {string} text
 * @returns {string}
 */
export function fromKeyboardLayout(text) {
  const letters = [...text];
  if (!letters.some((letter) => CYRILLIC.includes(letter))) return text;
  return letters.map((letter) => KEYS.get(letter) ?? letter).join("");
}

const ADDRESS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)([?#][^]*)?$/;
const AUTHORITY = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Host with port (default ports left out, so that http and https of a host are one) and path, lower case; null
 * if it is no address that can be ours. Not `new URL`: it forgives what must not be forgiven (user parts,
 * backslashes, other alphabets).
 * @param {string} text
 * @returns {{host: string, path: string} | null}
 */
function readAddress(text) {
  const whole = ADDRESS.exec(text);
  if (whole === null) return null;
  const scheme = (whole[1] ?? "").toLowerCase();
  const parts = AUTHORITY.exec(whole[2]);
  if (!["", "http", "https"].includes(scheme) || parts === null) return null;
  let host = parts[1].toLowerCase().replace(/\.+$/, "");
  const usual = scheme === "http" ? "80" : scheme === "https" ? "443" : "";
  if (parts[2] !== undefined && parts[2] !== usual) host += `:${Number(parts[2])}`;
  return { host, path: ASCII.test(whole[3]) ? whole[3].toLowerCase() : whole[3] };
}

/**
 * Takes separators off both ends.
 * @param {string} text
 * @returns {string}
 */
function trim(text) {
  let from = 0;
  let to = text.length;
  while (from < to && SEPARATORS.has(text[from])) from += 1;
  while (to > from && SEPARATORS.has(text[to - 1])) to -= 1;
  return text.slice(from, to);
}

/**
 * The canonical code in what a camera, a scanner or a person gave: a bare code, or `BASE/a/CODE` for any of our
 * own label base addresses, present and former, also typed under a Cyrillic keyboard layout.
 * @param {string} text
 * @param {readonly string[]} ownBases
 * @returns {string}
 * @throws {CodeError} ForeignAddress for any other host
 */
export function codeFromScan(text, ownBases) {
  if ([...text].length > LONGEST_SCAN) throw new CodeError("length");
  const meant = trim(fromKeyboardLayout(text));
  if (!meant.includes("/")) return parseCode(meant);
  const address = readAddress(meant);
  const bases = ownBases.map(readAddress).filter((base) => base !== null && base.host !== "");
  if (address === null || !bases.some((base) => base?.host === address.host)) {
    throw new ForeignAddress(ADDRESS.exec(meant)?.[2] ?? "");
  }
  for (const base of bases) {
    const prefix = `${base?.path.replace(/\/+$/, "")}/a/`;
    if (base?.host === address.host && address.path.startsWith(prefix)) {
      return parseCode(address.path.slice(prefix.length).replace(/\/$/, ""));
    }
  }
  throw new CodeError("not_a_label");
}
