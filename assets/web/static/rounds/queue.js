// @ts-check
/** Counts on their way: kept on this device until the server has answered each, sent a few at a time. */

const AT_ONCE = 25;
const PAUSE_MS = 300;
const RETRY_MS = 6000;

/** @typedef {{id: string, item: number, outcome: string, serial: string, note: string, condition: string | null, occurred_at: string}} Count */
/** @typedef {{id: string, item: number, status: string, outcome: string | null, code: string, message: string, errors: {field: string, detail: string}[]}} Result */
/** @typedef {"idle" | "sending" | "offline" | "signin" | "server"} Standing */

export class Queue {
  /**
   * @param {string} name under which the counts are kept on this device
   * @param {string} address where they are sent
   * @param {(results: Result[]) => void} answered
   * @param {(standing: Standing, words: string) => void} changed
   */
  constructor(name, address, answered, changed) {
    this.name = name;
    this.address = address;
    this.answered = answered;
    this.changed = changed;
    /** @type {Count[]} */
    this.counts = this.#read();
    /** @type {Standing} */
    this.standing = "idle";
    this.sending = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    addEventListener("online", () => this.send());
  }

  /** @param {Count} count */
  add(count) {
    this.counts.push(count);
    this.#keep();
    this.changed(this.standing, "");
    this.#later(PAUSE_MS);
  }

  send() {
    clearTimeout(this.timer);
    void this.#send();
  }

  /** @param {number} pause_ms */
  #later(pause_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.#send(), pause_ms);
  }

  async #send() {
    if (this.sending || !this.counts.length) return;
    this.sending = true;
    this.#stand("sending");
    const some = this.counts.slice(0, AT_ONCE);
    try {
      const response = await fetch(this.address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
        body: JSON.stringify({ sent_at: new Date().toISOString(), counts: some }),
      });
      if (response.ok && !response.redirected) this.#take(await response.json(), some);
      else await this.#refused(response);
    } catch {
      this.#stand("offline");
    } finally {
      this.sending = false;
    }
    if (this.counts.length && this.standing !== "signin") this.#later(this.standing === "idle" ? 0 : RETRY_MS);
  }

  /**
   * @param {{results: Result[]}} answer
   * @param {Count[]} sent
   */
  #take(answer, sent) {
    const done = new Set(sent.map((count) => count.id));
    this.counts = this.counts.filter((count) => !done.has(count.id));
    this.#keep();
    this.answered(answer.results);
    this.#stand("idle");
  }

  /** @param {Response} response */
  async #refused(response) {
    if (response.status === 401 || response.redirected) return this.#stand("signin");
    let said = "";
    try {
      const problem = await response.json();
      if (problem.code === "csrf") return this.#stand("signin");
      said = problem.detail ?? "";
    } catch {
      // No words came with it.
    }
    this.#stand("server", said);
  }

  /**
   * @param {Standing} standing
   * @param {string} [words]
   */
  #stand(standing, words = "") {
    this.standing = standing;
    this.changed(standing, words);
  }

  /** @returns {Count[]} */
  #read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  #keep() {
    try {
      if (this.counts.length) localStorage.setItem(this.name, JSON.stringify(this.counts));
      else localStorage.removeItem(this.name);
    } catch {
      // No room or no storage: they are sent all the same while the page is open.
    }
  }
}

function token() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}
