// @ts-check
/** A refused action keeps what was typed: the new form takes the old one's answers. */

/** Signatures, persons and what was found besides were drawn for the old form: they go over as they are. */
const WHOLE = [".signature", "[data-keep=persons]", "[data-keep=besides]"];

/**
 * @param {HTMLFormElement | null} form
 * @param {HTMLFormElement} old
 */
export function refill(form, old) {
  if (!form) return;
  for (const name of WHOLE) {
    const before = old.querySelector(name);
    if (before) form.querySelector(name)?.replaceWith(before); // Nobody signs or chooses twice because of a slip.
  }
  for (const [name, value] of new FormData(old)) {
    for (const field of form.querySelectorAll(`[name="${name}"]`)) {
      if (field instanceof HTMLInputElement && ["radio", "checkbox"].includes(field.type)) {
        field.checked = field.value === value;
        // What opens only with this choice opens again.
        if (field.checked) field.dispatchEvent(new Event("change", { bubbles: true }));
      } else if (field instanceof HTMLInputElement && field.type === "file") {
        const before = old.elements.namedItem(name);
        if (before instanceof HTMLInputElement) field.files = before.files;
      } else if (typeof value === "string" && "value" in field) field.value = value;
    }
  }
}
