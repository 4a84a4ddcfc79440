// @ts-check
/** Confirming goes through the outbox: without a connection it is kept on this device, and sent once. */
import { submitAll } from "../outbox/outbox.js";
import { el } from "../scan/element.js";

const form = document.querySelector("form[data-confirmations]");

/** @param {HTMLFormElement} form */
function start(form) {
  /** @type {{kept: string, not_kept: string, done: string, refused: string, tick: string}} */
  const words = JSON.parse(form.dataset.words ?? "{}");
  const error = form.querySelector("[data-error]");
  const note = form.querySelector("[name=note]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = event.submitter;
    if (!(pressed instanceof HTMLButtonElement) || !(error instanceof HTMLElement)) return;
    const ticked = [...form.querySelectorAll("input[name=issue]:checked")].filter((box) => box instanceof HTMLInputElement);
    error.textContent = ticked.length ? "" : words.tick;
    if (ticked.length) void answer(ticked, pressed.value === "yes", note instanceof HTMLInputElement ? note.value.trim() : "");
  });

  /**
   * @param {HTMLInputElement[]} ticked
   * @param {boolean} hasIt
   * @param {string} said
   */
  async function answer(ticked, hasIt, said) {
    const buttons = /** @type {HTMLButtonElement[]} */ ([...form.querySelectorAll("button")]);
    for (const button of buttons) button.disabled = true;
    let left = 0;
    /** @type {import("../outbox/outbox.js").Outcome[]} */
    let outcomes;
    try {
      outcomes = await submitAll(
        ticked.map((box) => ({
          wish: { kind: "confirm", code: box.dataset.code ?? "", data: { event: box.value, has_it: hasIt, ...(said ? { note: said } : {}) } },
        })),
      );
    } catch {
      // Nothing of it was kept: all or nothing is.
      if (error) error.textContent = words.not_kept;
      for (const button of buttons) button.disabled = false;
      return;
    }
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome.status === "kept" || outcome.status === "refused") left += 1;
      tell(ticked[place], outcome.status, outcome.message ?? "");
    }
    if (!left) location.reload();
    else for (const button of buttons) button.disabled = false;
  }

  /**
   * @param {HTMLInputElement} box
   * @param {string} status
   * @param {string} why
   */
  function tell(box, status, why) {
    const text = status === "kept" ? words.kept : status === "refused" ? words.refused.replace("{words}", why) : words.done;
    box.closest("label")?.querySelector("[data-said]")?.remove();
    box.parentElement?.append(el("span", { class: "sub", role: "status", "data-said": true }, text));
    if (status === "refused") return;
    box.checked = false;
    box.disabled = true; // It is said; what waits here is sent later.
  }
}

if (form instanceof HTMLFormElement) start(form);
