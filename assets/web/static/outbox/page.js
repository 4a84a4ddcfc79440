// @ts-check
/** The page of what is not sent yet: a card for each action, sending, saving as a file, giving up with a reason. */
import { formatCode } from "../label-code.js";
import { el, icon, part } from "../scan/element.js";
import { entries, flush, giveUp, retry, unsent } from "./outbox.js";

/** @typedef {import("./store.js").Entry} Entry */

const page = part("[data-page=unsent]", HTMLElement);
/** @type {Record<string, string> & {kinds: Record<string, string>}} */
const words = JSON.parse(page.dataset.words ?? "{}");
const list = part("[data-list]", HTMLElement);
const tools = part("[data-tools]", HTMLElement);
const nothing = part("[data-empty]", HTMLElement);
const warning = part("[data-warning]", HTMLElement);
const foreign = part("[data-foreign]", HTMLElement);
const dialog = part("#give-up", HTMLDialogElement);
const reason = part("#give-up-reason", HTMLTextAreaElement);
const problem = part("#give-up [data-error]", HTMLElement);
const confirm = part("#give-up [data-confirm]", HTMLButtonElement);
/** @type {Entry | null} */
let leaving = null;

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {Entry} entry */
function standing(entry) {
  if (entry.trouble) return filled(words.refused, { words: entry.trouble.words || entry.trouble.code });
  return entry.taken ? filled(words.photos, { n: entry.photos }) : words.waits;
}

/** @param {Entry} entry */
function card(entry) {
  const { kind, code, occurred_at } = entry.command;
  const language = document.documentElement.lang;
  const when = new Date(occurred_at).toLocaleString(language === "en" ? "en-GB" : language, { dateStyle: "medium", timeStyle: "short" });
  const again = el("button", { type: "button", "data-retry": true }, icon("return"), words.retry);
  again.addEventListener("click", () => void retry(entry.id));
  const drop = el("button", { type: "button", class: "quiet", "data-give-up": true }, words.give_up);
  drop.addEventListener("click", () => ask(entry));
  const photos = entry.photos && !entry.taken ? ` · ${filled(words.with_photos, { n: entry.photos })}` : "";
  return el(
    "li",
    { class: `card ${entry.trouble ? "blocked" : "due"}`, "data-entry": entry.id },
    el("div", { class: "head" }, el("strong", {}, words.kinds[kind] ?? kind), el("span", { class: "code" }, formatCode(code)), el("time", { class: "muted num", datetime: occurred_at }, when)),
    el("div", {}, icon(entry.trouble ? "block" : "clock"), " ", standing(entry), photos),
    el("div", { class: "row" }, entry.trouble && again, el("a", { class: "button quiet", href: `/scan?code=${code}` }, words.open), drop),
  );
}

async function draw() {
  const mine = await entries();
  const { foreign: others, lasts } = await unsent();
  list.replaceChildren(...mine.map(card));
  tools.hidden = mine.length === 0;
  nothing.hidden = mine.length > 0;
  foreign.textContent = others ? filled(words.foreign, { n: others }) : "";
  const persisted = !mine.length || (await navigator.storage?.persisted?.()) === true;
  const said = !lasts && mine.length ? words.memory : persisted ? "" : words.lasts;
  warning.replaceChildren(...(said ? [el("div", { class: "message warning", role: "status" }, icon("warn"), el("div", {}, said))] : []));
}

/** @param {Entry} entry */
function ask(entry) {
  leaving = entry;
  reason.value = "";
  problem.textContent = "";
  const under = dialog.querySelector("[data-under]");
  if (under) under.textContent = `${words.kinds[entry.command.kind] ?? entry.command.kind} ${formatCode(entry.command.code)}. ${words.why}`;
  dialog.showModal();
}

async function leave() {
  if (!leaving) return;
  if (!reason.value.trim()) {
    problem.textContent = words.say_why;
    return;
  }
  confirm.disabled = true; // What is being sent now comes first: it may take a moment.
  const end = await giveUp(leaving, reason.value.trim());
  confirm.disabled = false;
  if (end === "gone") dialog.close();
  else problem.textContent = words[end];
}

/** The whole queue of this account as a file: what the server never took can still be entered by hand. */
async function save() {
  const content = JSON.stringify({ saved_at: new Date().toISOString(), entries: await entries() }, null, 2);
  const address = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const link = el("a", { href: address, download: `not-sent-${new Date().toISOString().slice(0, 10)}.json` });
  link.click();
  URL.revokeObjectURL(address);
}

part("[data-page=unsent] [data-send]", HTMLButtonElement).addEventListener("click", () => void flush());
part("[data-export]", HTMLButtonElement).addEventListener("click", () => void save());
confirm.addEventListener("click", () => void leave());
document.addEventListener("unsent-changed", () => void draw());
void draw();
