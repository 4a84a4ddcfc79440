// @ts-check
/** Photos that go with an action: made smaller on the phone, so that they get through a weak network. */
import { el } from "./element.js";
import { field } from "./fields.js";
import { word } from "./words.js";

export const MOST_PHOTOS = 4;
const LONGEST_SIDE_PX = 1600;
const QUALITY = 0.8;

export function photoField() {
  const input = el("input", { type: "file", accept: "image/*", capture: "environment", multiple: true, "data-testid": "photos" });
  return field("photos", word("photos"), input, { hint: word("photos_hint", { n: MOST_PHOTOS }) });
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<Blob[]>}
 */
export async function picturesOf(form) {
  const input = form.elements.namedItem("photos");
  const chosen = input instanceof HTMLInputElement ? [...(input.files ?? [])].slice(0, MOST_PHOTOS) : [];
  return Promise.all(chosen.map(smaller));
}

/**
 * @param {Blob} picture
 * @returns {Promise<Blob>} as JPEG; as it came, where this browser cannot read it: the server will say what is wrong
 */
async function smaller(picture) {
  try {
    const bitmap = await createImageBitmap(picture, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    /** @type {Blob | null} */
    const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return small ?? picture;
  } catch {
    return picture;
  }
}
