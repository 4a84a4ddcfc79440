// @ts-check
/** The strip under the header: how many recorded actions are not sent yet, and why. */
import { flush, unsent } from "./scan/commands.js";

export function startStrip() {
  const strip = document.querySelector('[data-testid="unsent"]');
  if (!(strip instanceof HTMLElement)) return;
  const draw = () => {
    const { waiting, foreign, parked, reason } = unsent();
    const count = waiting + foreign + parked;
    strip.hidden = count === 0;
    const number = strip.querySelector("[data-count]");
    const why = strip.querySelector("[data-reason]");
    if (number) number.textContent = String(count);
    const word = waiting ? (reason ?? "") : foreign ? "other" : "parked";
    if (why) why.textContent = strip.dataset[word] ?? "";
    const button = strip.querySelector("[data-send]");
    if (button instanceof HTMLButtonElement) button.hidden = waiting === 0;
  };
  document.addEventListener("unsent-changed", draw);
  addEventListener("storage", draw);
  addEventListener("online", () => void flush());
  strip.querySelector("[data-send]")?.addEventListener("click", () => void flush());
  draw();
  if (unsent().waiting) void flush();
}
