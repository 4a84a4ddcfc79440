// @ts-check
/**
 * Counting a round in: every item on one page, one tap for what is there, a sheet for what is not as it should be.
 * What is tapped shows at once and is sent a few at a time; the page says what is not saved yet.
 */
import { CodeError, codeFromScan, formatCode } from "../label-code.js";
import { newId } from "../outbox/outbox.js";
import { el, icon, part, state } from "../scan/element.js";
import { ownBases } from "../wedge.js";
import { Finder } from "./finder.js";
import { foldNumber } from "./fold.js";
import { Queue } from "./queue.js";
import { Sheet } from "./sheet.js";

/** @typedef {{id: number, line: number, number: number, code: string, model: string | null, class: string, unit: string, serial_on_paper: string | null, serial: string | null, outcome: string, refused?: string}} Item */

const page = part(".count-page", HTMLElement);
const words = /** @type {Record<string, string>} */ (JSON.parse(page.dataset.words ?? "{}"));
/** @type {Record<string, [string, string]>} */
const outcomes = JSON.parse(page.dataset.outcomes ?? "{}");
/** @type {Record<string, string>} the heads of the lines, by number */
const heads = JSON.parse(page.dataset.heads ?? "{}");
const api = page.dataset.api ?? "";
const list = part(".count-list", HTMLElement);
const said = part(".count-said", HTMLElement);

/** @type {Map<number, Item>} */
const items = new Map();
/** @type {Map<number, HTMLLIElement>} */
const rows = new Map();

const queue = new Queue(`counts:${account()}:${api}`, `${api}/counts`, answered, stand);
const sheet = new Sheet(part("#sheet", HTMLElement), (id, found) => count(id, found));
const finder = new Finder(find);

function account() {
  return document.querySelector('meta[name="account"]')?.getAttribute("content") ?? "";
}

async function load() {
  let cursor = "";
  do {
    const response = await fetch(`${api}/items?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    for (const item of /** @type {Item[]} */ (answer.items)) items.set(item.id, item);
    cursor = answer.next ?? "";
  } while (cursor);
  // What an earlier visit could not send is shown as counted, and as not saved.
  for (const kept of queue.counts) {
    const item = items.get(kept.item);
    if (item) item.outcome = kept.outcome;
  }
}

function draw() {
  /** @type {Map<number, HTMLElement>} */
  const lists = new Map();
  const sections = document.createDocumentFragment();
  for (const item of items.values()) {
    let into = lists.get(item.line);
    if (!into) {
      into = el("ul", { role: "list" });
      lists.set(item.line, into);
      sections.append(el("section", { class: "count-line" }, el("h2", {}, heads[item.line] ?? ""), into));
    }
    const row = el("li", { class: "count-item", "data-id": item.id });
    rows.set(item.id, row);
    fill(row, item);
    into.append(row);
  }
  list.replaceChildren(sections);
  document.querySelector(".paging")?.remove();
  show(list.dataset.show ?? "");
  progress();
}

/**
 * @param {HTMLLIElement} row
 * @param {Item} item
 */
function fill(row, item) {
  const unsaved = queue.counts.some((each) => each.item === item.id);
  const [kind, text] = outcomes[item.outcome] ?? ["unknown", item.outcome];
  row.dataset.outcome = item.outcome;
  const name = item.serial ?? item.serial_on_paper ?? `${words.no_number} (${item.number})`;
  const other = item.serial && item.serial_on_paper && item.serial !== item.serial_on_paper ? ` · ${words.on_paper} ${item.serial_on_paper}` : "";
  const there = item.outcome === "pending" || item.outcome === "short";
  row.replaceChildren(
    el("div", { class: "what" }, el("strong", { class: "code" }, name), el("span", { class: "small muted num" }, `${formatCode(item.code)}${other}`),
      item.outcome === "pending" ? null : el("span", { class: "row" }, state(kind, text), unsaved && el("span", { class: "small unsaved" }, words.unsaved))),
    there ? el("button", { type: "button", class: "primary", "data-act": "received", "aria-label": `${words.received}: ${name}` }, icon("check"), el("span", {}, words.received)) : el("span", {}),
    el("button", { type: "button", "data-act": "other", "aria-label": `${words.other}: ${name}` }, words.other),
    el("div", { class: "refused", role: "alert" }, item.refused ?? ""),
  );
}

/**
 * @param {number} id
 * @param {{outcome: string, serial?: string, note?: string, condition?: string | null}} found
 */
function count(id, found) {
  const item = items.get(id);
  const row = rows.get(id);
  if (!item || !row) return;
  navigator.vibrate?.(30);
  item.outcome = found.outcome;
  if (found.serial) item.serial = found.serial;
  item.refused = "";
  queue.add({
    id: newId(), item: id, outcome: found.outcome, serial: found.serial ?? "", note: found.note ?? "",
    condition: found.condition || null, occurred_at: new Date().toISOString(),
  });
  fill(row, item);
  progress();
}

/** @param {import("./queue.js").Result[]} results */
function answered(results) {
  for (const result of results) {
    const item = items.get(result.item);
    const row = rows.get(result.item);
    if (!item || !row) continue;
    if (result.status === "refused") void reload(item, row, result.message);
    else fill(row, item);
  }
  progress();
}

/**
 * What the server refused is not so: the row shows what holds, and why the count was not taken.
 * @param {Item} item
 * @param {HTMLLIElement} row
 * @param {string} why
 */
async function reload(item, row, why) {
  try {
    const response = await fetch(`${api}/items?number=${item.code}`, { headers: { Accept: "application/json" } });
    const [fresh] = response.ok ? (await response.json()).items : [];
    if (fresh) Object.assign(item, fresh);
  } catch {
    item.outcome = "pending";
  }
  item.refused = why;
  fill(row, item);
  progress();
  row.scrollIntoView({ block: "center" });
}

/**
 * @param {import("./queue.js").Standing} standing
 * @param {string} why
 */
function stand(standing, why) {
  const open = queue.counts.length;
  const saved = part("[data-saved]", HTMLElement);
  saved.textContent = open ? `${words.not_saved} ${open}${standing === "idle" || standing === "sending" ? "" : ` · ${why || words[standing]}`}` : words.all_saved;
  saved.className = open ? "small unsaved" : "small muted";
}

function progress() {
  let done = 0;
  let short = 0;
  for (const item of items.values()) {
    if (item.outcome !== "pending") done += 1;
    if (item.outcome === "short") short += 1;
  }
  part("[data-done]", HTMLElement).textContent = String(done);
  part("[data-total]", HTMLElement).textContent = String(items.size);
  part("[data-short]", HTMLElement).textContent = String(short);
  const bar = document.querySelector(".count-bar progress");
  if (bar instanceof HTMLProgressElement) [bar.max, bar.value] = [items.size || 1, done];
  part("[data-finished]", HTMLElement).hidden = done < items.size || !items.size;
}

/**
 * Shows all, what is not counted, or what is short, as things stand now: a row that is counted stays where it is until
 * the next choice, so that nothing moves under the finger.
 * @param {string} wanted '', 'pending' or 'short'
 */
function show(wanted) {
  for (const item of items.values()) rows.get(item.id)?.toggleAttribute("data-hide", wanted !== "" && item.outcome !== wanted);
  for (const chip of document.querySelectorAll("[data-show-only]")) {
    if (!(chip instanceof HTMLElement)) continue;
    if (chip.dataset.showOnly === wanted) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
  for (const section of list.querySelectorAll(".count-line")) {
    if (section instanceof HTMLElement) section.hidden = !section.querySelector(".count-item:not([data-hide])");
  }
}

/**
 * Goes to the item that a label or number belongs to, and offers to count it.
 * @param {string} text as it was scanned or typed
 * @returns {boolean} whether there is one
 */
function find(text) {
  const item = itemOf(text);
  if (!item) {
    said.textContent = words.nothing_found.replace("{text}", text);
    sheet.suggest(text);
    return false;
  }
  said.textContent = "";
  const row = rows.get(item.id);
  row?.removeAttribute("data-hide");
  const section = row?.closest(".count-line");
  if (section instanceof HTMLElement) section.hidden = false;
  for (const other of list.querySelectorAll(".at")) other.classList.remove("at");
  row?.classList.add("at");
  row?.scrollIntoView({ block: "center" });
  sheet.open(item, outcomes[item.outcome]);
  return true;
}

/**
 * @param {string} text
 * @returns {Item | undefined}
 */
function itemOf(text) {
  /** @type {string} */
  let code = "";
  try {
    code = codeFromScan(text, ownBases());
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
  }
  const folded = foldNumber(text);
  const all = [...items.values()];
  return (
    all.find((item) => item.code === code) ??
    (folded ? all.find((item) => foldNumber(item.serial ?? "") === folded) ?? all.find((item) => foldNumber(item.serial_on_paper ?? "") === folded) : undefined)
  );
}

list.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
  const row = button?.closest(".count-item");
  if (!(button instanceof HTMLElement) || !(row instanceof HTMLElement)) return;
  const item = items.get(Number(row.dataset.id));
  if (!item) return;
  if (button.dataset.act === "received") count(item.id, { outcome: "received" });
  else sheet.open(item, outcomes[item.outcome]);
});
for (const chip of document.querySelectorAll("[data-show-only]")) {
  chip.addEventListener("click", (event) => {
    event.preventDefault();
    if (chip instanceof HTMLElement) show(chip.dataset.showOnly ?? "");
  });
}
document.addEventListener("label-scanned", (event) => {
  event.preventDefault();
  if (event instanceof CustomEvent) find(event.detail.code);
});

load().then(
  () => {
    draw();
    finder.start();
    stand("idle", "");
    queue.send();
  },
  () => {
    // The plain page stays: it works, fifty items at a time.
    said.textContent = words.plain;
  },
);
