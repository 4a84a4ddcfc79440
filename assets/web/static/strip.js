// @ts-check
/** The strip under the header: how many recorded actions are not sent yet, since when, and why. */
import { flush, startOutbox, unsent } from "./outbox/outbox.js";

/**
 * @param {string} at ISO 8601
 * @returns {string} the time of day, with the day where it is not today
 */
function moment(at) {
  const language = document.documentElement.lang;
  const then = new Date(at);
  const isToday = then.toDateString() === new Date().toDateString();
  return then.toLocaleString(language === "en" ? "en-GB" : language, isToday ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" });
}

export function startStrip() {
  const strip = document.querySelector('[data-testid="unsent"]');
  if (!(strip instanceof HTMLElement)) return;
  const draw = async () => {
    const { waiting, foreign, parked, since, reason, lasts } = await unsent();
    const count = waiting + foreign + parked;
    strip.hidden = count === 0;
    const number = strip.querySelector("[data-count]");
    const why = strip.querySelector("[data-reason]");
    if (number) number.textContent = String(count);
    const when = strip.querySelector("[data-since]");
    if (when instanceof HTMLElement) when.textContent = since ? (when.dataset.words ?? "").replace("{time}", moment(since)) : "";
    const word = parked ? "parked" : !lasts ? "memory" : waiting ? (reason ?? "") : "other";
    if (why) why.textContent = strip.dataset[word] ?? "";
    const button = strip.querySelector("[data-send]");
    if (button instanceof HTMLButtonElement) button.hidden = waiting === 0;
  };
  document.addEventListener("unsent-changed", () => void draw());
  strip.querySelector("[data-send]")?.addEventListener("click", () => void flush());
  void draw();
  startOutbox();
}
