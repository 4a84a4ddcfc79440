// @ts-check
/** Long work on a page: asks its address every two seconds for {done, total, text, finished, next}. */

const EVERY_MS = 2000;

/** @param {Element} part */
async function watch(part) {
  const bar = part.querySelector("progress");
  const text = part.querySelector("[data-text]");
  const address = part.getAttribute("data-progress") ?? "";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    /** @type {{done: number | null, total: number | null, text: string, finished: boolean, next: string | null}} */
    let state;
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok) continue;
      state = await response.json();
    } catch {
      continue; // The connection is away; the work is not.
    }
    if (bar && state.total) {
      bar.max = state.total;
      bar.value = state.done ?? 0;
    }
    if (text) text.textContent = state.text;
    if (state.finished) {
      if (state.next) location.assign(state.next);
      return;
    }
  }
}

export function startProgress() {
  for (const part of document.querySelectorAll("[data-progress]")) void watch(part);
}
