// @ts-check
/** Folding as the server does it (registry/rules/folding.py): one form for names in either script. */

const APOSTROPHES = /['‘’‛`´ʻʼʹʽ′]/g;
/** @type {Record<string, string>} */
const LETTERS = {
  а: "a", б: "b", в: "v", г: "g", ғ: "g", д: "d", е: "e", ё: "yo", ж: "j", з: "z", и: "i", й: "y", к: "k", қ: "q", л: "l", м: "m",
  н: "n", ң: "n", о: "o", ө: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ў: "o", ү: "u", ф: "f", х: "x", ҳ: "h", ц: "ts", ч: "ch",
  ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya", і: "i", ї: "i", є: "e", ә: "a", ı: "i",
};

/** @param {string} text */
function latin(text) {
  return [...text].map((letter) => LETTERS[letter] ?? letter).join("");
}

/**
 * @param {string} text
 * @returns {string} one case, no apostrophes or marks, Cyrillic written in Latin, single spaces
 */
export function fold(text) {
  const plain = latin(text.replace(APOSTROPHES, "").normalize("NFKC").toLowerCase().normalize("NFC"));
  return latin(plain.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()).split(/\s+/).filter(Boolean).join(" ");
}
