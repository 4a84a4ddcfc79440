// @ts-check
/** The form in which serial numbers are compared: the twin of `fold_identifier` in assets/registry/rules/folding.py. */

const FROM = "АВЕЁЗКМНОРСТУХІЈЅԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧOI";
const TO = "ABEE3KMH0PCTYX1JSQWABEZH1KMN0PTYX01";
const LOOK_ALIKE = new Map([...FROM].map((letter, at) => [letter, TO[at]]));
const SEPARATORS = /[\s\-\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff_.]+/gu;

/**
 * Capitals, Cyrillic and Greek look-alikes as Latin, O read as 0 and I as 1, without spaces, hyphens, dots.
 * @param {string} text
 * @returns {string}
 */
export function foldNumber(text) {
  let before = "";
  let folded = text;
  while (folded !== before) {
    before = folded;
    folded = [...folded.replace(SEPARATORS, "").normalize("NFKC").toUpperCase()].map((letter) => LOOK_ALIKE.get(letter) ?? letter).join("");
  }
  return folded;
}
