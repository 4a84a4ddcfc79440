// @ts-check
/** Puts the signature pad into the ordinary forms: what is drawn goes with the form, in its hidden field. */
import { el } from "./element.js";
import { signaturePad } from "./signature.js";
import { word } from "./words.js";

for (const place of document.querySelectorAll("[data-signature]")) {
  const hidden = place.querySelector("input[type=hidden]");
  const form = place.closest("form");
  if (!(hidden instanceof HTMLInputElement) || !form) continue;
  const pad = signaturePad();
  // A form that came back with an error brings the signature along.
  const before = hidden.value.startsWith("data:image/png;base64,") ? hidden.value : "";
  place.querySelector("[data-without-script]")?.remove();
  place.append(pad.element);
  if (before) pad.element.append(el("p", { class: "hint", role: "status" }, word("signature_kept")));
  form.addEventListener("submit", () => {
    hidden.value = pad.onPaper() ? "" : pad.address() || before;
  });
}
