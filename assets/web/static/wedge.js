// @ts-check
/** A USB scanner that types: a fast burst ending in Enter that holds one of our labels opens that asset, on any page. */
import { CodeError, codeFromScan } from "./label-code.js";

/** No person types ten characters with less than this between each two; slow scanners take about 30 ms. */
const LONGEST_GAP_MS = 60;
const SHORTEST_BURST = 10;
const LONGEST_BURST = 400;

/** Fields in which a scanned label means "go there"; in any other field the scanner just types. */
const OPEN_FIELDS = "[data-search], [data-code-entry] input, [data-wedge]";

/** @returns {string[]} the addresses that labels of ours may carry, this server's among them */
export function ownBases() {
  const listed = document.querySelector('meta[name="label-bases"]')?.getAttribute("content") ?? "";
  return [location.origin, ...listed.split(/\s+/).filter(Boolean)];
}

/**
 * Collects keys into bursts; gives the burst when Enter ends one that was typed too fast for a person.
 */
export class Burst {
  constructor() {
    this.text = "";
    this.last = 0;
  }

  /**
   * @param {string} key as KeyboardEvent.key
   * @param {number} at milliseconds
   * @returns {string | null}
   */
  take(key, at) {
    if (this.text && at - this.last > LONGEST_GAP_MS) this.text = "";
    this.last = at;
    if (key === "Enter") {
      const text = this.text;
      this.text = "";
      return text.length >= SHORTEST_BURST ? text : null;
    }
    if ([...key].length === 1 && this.text.length < LONGEST_BURST) this.text += key;
    return null;
  }
}

/** Tells the page first (the scan page opens it in place); otherwise goes to the asset's page. */
/** @param {string} code */
function go(code) {
  const event = new CustomEvent("label-scanned", { detail: { code }, cancelable: true });
  if (document.dispatchEvent(event)) location.assign(`/a/${code}`);
}

export function startWedge() {
  const burst = new Burst();
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.isComposing) return;
      const text = burst.take(event.key, event.timeStamp);
      if (text === null) return;
      const field = event.target instanceof Element ? event.target.closest("input, select, textarea") : null;
      if (field && !field.matches(OPEN_FIELDS)) return;
      try {
        const code = codeFromScan(text, ownBases());
        event.preventDefault();
        event.stopPropagation();
        if (field instanceof HTMLInputElement) field.value = "";
        go(code);
      } catch (error) {
        // Something else was scanned, say a serial number: it stays where it was typed.
        if (!(error instanceof CodeError)) throw error;
      }
    },
    true,
  );
}
