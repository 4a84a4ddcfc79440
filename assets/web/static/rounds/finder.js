// @ts-check
/** Finding an item of the round: typed, by USB scanner, or with the camera, which films until it is told to stop. */
import { Camera } from "../scan/camera.js";

const SAME_AGAIN_MS = 2500;

export class Finder {
  /** @param {(text: string) => boolean} found goes to the item; whether there is one */
  constructor(found) {
    this.found = found;
    this.form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-find]"));
    this.film = /** @type {HTMLElement | null} */ (document.querySelector(".film"));
    this.note = this.film?.querySelector(".said") ?? null;
    this.button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-film]"));
    const video = this.film?.querySelector("video");
    this.camera = video ? new Camera(video, (text) => this.#seen(text), true) : null;
    this.last = { text: "", at: 0 };
  }

  start() {
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      const input = this.form?.querySelector("input");
      if (input instanceof HTMLInputElement && input.value.trim() && this.found(input.value.trim())) input.value = "";
    });
    if (!this.button || !this.camera) return;
    this.button.hidden = false;
    this.button.addEventListener("click", () => void this.#toggle());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#stop(); // A phone in a pocket must not film.
    });
  }

  async #toggle() {
    if (!this.film || !this.camera || !this.button) return;
    if (!this.film.hidden) return this.#stop();
    this.film.hidden = false;
    this.button.setAttribute("aria-pressed", "true");
    const problem = await this.camera.start();
    if (problem && this.note) this.note.textContent = this.film.dataset[problem] ?? "";
  }

  #stop() {
    this.camera?.stop();
    if (this.film) this.film.hidden = true;
    this.button?.setAttribute("aria-pressed", "false");
  }

  /** @param {string} text */
  #seen(text) {
    const at = Date.now();
    // The camera sees one label many times; while a sheet is open it is about the item before.
    if (document.querySelector("dialog[open]") || (text === this.last.text && at - this.last.at < SAME_AGAIN_MS)) return;
    this.last = { text, at };
    navigator.vibrate?.(40);
    if (!this.found(text) && this.note) this.note.textContent = text.slice(0, 60);
  }
}
