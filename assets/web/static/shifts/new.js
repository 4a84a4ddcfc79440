// @ts-check
/** Going out: crew, time and one basket, kept on this device until it is confirmed; then one start and one issue each. */
import { formatCode } from "../label-code.js";
import { draft, keepDraft, newId, submitAll } from "../outbox/outbox.js";
import { el, icon, message, state } from "../scan/element.js";
import { choices, field } from "../scan/fields.js";
import { find } from "../scan/persons.js";
import { signatureField, signatureOf } from "../scan/signature.js";
import { emptyBasket, endOf, goes, haveOf, holderOf, isHeld, isRefused, problemOf, put, wishesOf } from "./basket.js";
import { finder, itemOf } from "./finder.js";
import { isConfirmed, noteConfirmed, noteOut } from "./out.js";
import { moment, say } from "./words.js";

/** @typedef {import("./basket.js").Basket} Basket */
/** @typedef {import("./basket.js").Thing} Thing */
/** @typedef {import("./basket.js").StandingSet} StandingSet */

const DRAFT = "shift";
const SEARCH_MS = 200;

const page = /** @type {HTMLElement} */ (document.querySelector('[data-page="shift-new"]'));
const root = /** @type {HTMLElement} */ (page.querySelector('[data-part="shift"]'));
/** @type {StandingSet[]} */
const sets = JSON.parse(page.dataset.sets ?? "[]");
/** @type {Basket} */
let basket = emptyBasket(newId());
/** It is being sent, or was: from then on nothing of it is kept or changed here. */
let busy = false;

const said = el("div", { "aria-live": "polite", "data-testid": "shift-said" });
const crewList = el("ul", { class: "people", "data-testid": "crew" });
const query = el("input", { type: "search", id: "crew-search", autocomplete: "off", "data-testid": "crew-search" });
const found = el("div", { class: "persons" });
const wanted = el("ul", { class: "wanted" });
const list = el("ul", { class: "basket", "data-testid": "basket" });
const problem = el("div", { class: "error", role: "alert", "data-testid": "shift-problem" });
const button = el("button", { class: "primary", "data-testid": "shift-confirm" });

/** Keeps the basket on this device: a phone that is switched off loses nothing of it. */
function keep() {
  void keepUnlessConfirmed(basket);
}

/** @param {Basket} mine */
async function keepUnlessConfirmed(mine) {
  if (busy || mine !== basket) return;
  if (await isConfirmed(mine.shift)) return refuseStale();
  if (!busy && mine === basket) await keepDraft(DRAFT, mine);
}

/** Another tab has confirmed this basket: it is not brought back. */
function refuseStale() {
  busy = true;
  showDone(basket.shift, [message("warning", say("confirmed_before"))]);
}

/** What is shown is kept: the phone may be switched off the moment that somebody sees it. */
async function changed() {
  if (busy) return;
  try {
    await keepUnlessConfirmed(basket);
  } finally {
    if (!busy) draw();
  }
}

function draw() {
  drawCrew();
  wanted.replaceChildren(...basket.wanted.map((each) => el("li", {}, state(haveOf(basket, each) >= each.number ? "ready" : "due", say("of_class", { title: each.title, have: haveOf(basket, each), number: each.number })))));
  list.replaceChildren(...basket.things.map(card));
  if (!basket.things.length) list.append(el("li", { class: "muted" }, say("basket_empty")));
  button.replaceChildren(icon("check"), say("confirm_out", { n: goes(basket).length }));
  button.disabled = busy;
}

function drawCrew() {
  crewList.replaceChildren(
    ...basket.crew.map((member) => {
      const remove = el("button", { type: "button", "aria-label": say("remove", { what: member.name }) }, member.name, icon("close"));
      remove.addEventListener("click", () => {
        basket.crew = basket.crew.filter((each) => each.id !== member.id);
        void changed();
      });
      return el("li", {}, remove);
    }),
  );
}

async function search() {
  const persons = (await find(query.value)) ?? [];
  const others = persons.filter((person) => !basket.crew.some((member) => member.id === String(person.id)));
  found.replaceChildren(
    ...others.slice(0, 6).map((person) => {
      const choice = el("button", { type: "button", class: "choice person", "data-testid": "crew-choice" }, el("span", {}, el("strong", {}, person.name), person.note ? el("span", { class: "sub" }, person.note) : null));
      choice.addEventListener("click", () => {
        basket.crew.push({ id: String(person.id), name: person.name });
        query.value = "";
        found.replaceChildren();
        void changed();
      });
      return choice;
    }),
  );
  if (!others.length) found.append(el("p", { class: "muted" }, say("nobody_found")));
}

/** @param {Thing} thing */
function card(thing) {
  const kind = thing.refused || thing.fit === false || isHeld(basket, thing) ? "blocked" : thing.fit === null ? "unknown" : thing.reasons.length || thing.checkDue ? "due" : "ready";
  const remove = el("button", { type: "button", class: "quiet square", "aria-label": say("remove", { what: thing.title }) }, icon("close"));
  remove.addEventListener("click", () => {
    basket.things = basket.things.filter((each) => each !== thing);
    void changed();
  });
  return el(
    "li",
    { class: kind, "data-testid": "thing", "data-code": thing.code },
    el("div", { class: "head" }, el("div", {}, el("strong", {}, thing.title), " ", el("span", { class: "code" }, formatCode(thing.code)), thing.asOf ? el("span", { class: "sub muted" }, ` ${say("as_of", { time: moment(thing.asOf) })}`) : null), remove),
    thing.refused ? message("error", thing.refused) : null,
    thing.known ? null : el("p", { class: "muted" }, say("not_known")),
    thing.reasons.length ? el("ul", {}, ...thing.reasons.map((reason) => el("li", {}, reason))) : null,
    isHeld(basket, thing) ? message("error", say("has_it", { who: thing.custodian ?? "" })) : null,
    thing.checkDue ? el("p", {}, state("due", say("check_due")), " ", el("a", { class: "button quiet", href: `/scan?code=${thing.code}` }, say("do_check"))) : null,
    thing.fit === false ? overrideOf(thing) : null,
    tickOf(thing),
    thing.ticked && basket.crew.length > 1 ? holderField(thing) : null,
    thing.ticked && thing.cls.startsWith("vehicle.") ? vehicleTick(thing) : null,
  );
}

/** @param {Thing} thing */
function overrideOf(thing) {
  const input = el("textarea", { rows: 2, maxlength: 500, "data-testid": "thing-override", "aria-label": say("override") });
  input.value = thing.override;
  input.addEventListener("input", () => {
    thing.override = input.value;
    keep();
  });
  return el("div", { class: "stack" }, message("error", say("unfit")), el("label", {}, say("override"), input));
}

/** @param {Thing} thing */
function tickOf(thing) {
  const tick = el("input", { type: "checkbox", checked: thing.ticked, disabled: isHeld(basket, thing), "data-testid": "thing-tick" });
  tick.addEventListener("change", () => {
    thing.ticked = tick.checked;
    void changed();
  });
  return el("label", { class: "choice" }, tick, el("span", {}, say("take"), thing.from && !thing.ticked ? el("span", { class: "sub muted" }, ` ${say("tick_hint")}`) : null));
}

/** @param {Thing} thing */
function holderField(thing) {
  const chosen = holderOf(basket, thing);
  const select = el("select", { "data-testid": "thing-holder", "aria-label": say("held_by") }, ...basket.crew.map((member) => el("option", { value: member.id, selected: member.id === chosen }, member.name)));
  select.addEventListener("change", () => {
    thing.to = select.value;
    keep();
  });
  return el("label", {}, say("held_by"), select);
}

/** @param {Thing} thing */
function vehicleTick(thing) {
  const tick = el("input", { type: "checkbox", checked: basket.vehicle === thing.code });
  tick.addEventListener("change", () => {
    basket.vehicle = tick.checked ? thing.code : "";
    void changed();
  });
  return el("label", { class: "choice" }, tick, el("span", {}, say("is_vehicle")));
}

/** @param {string} code */
async function add(code) {
  const item = await itemOf(code);
  if (typeof item === "string") {
    said.replaceChildren(message("error", item));
    return;
  }
  said.replaceChildren();
  put(basket, code, item?.facts || item?.blank ? null : item);
  void changed();
}

/** @param {StandingSet} standing */
async function addSet(standing) {
  for (const item of standing.items) {
    if (item.code) {
      const known = await itemOf(item.code);
      put(basket, item.code, typeof known === "object" ? known : null, { ticked: false, from: standing.name, title: item.title });
    } else if (!basket.wanted.some((each) => each.class === item.class)) basket.wanted.push(item);
  }
  void changed();
}

/**
 * @param {SubmitEvent} event
 * @param {HTMLFormElement} form
 */
async function confirm(event, form) {
  event.preventDefault();
  if (busy) return;
  const now = new Date();
  const words = problemOf(basket, now);
  problem.replaceChildren(...(words ? [icon("warn"), el("span", {}, words)] : []));
  if (words) return;
  busy = true;
  button.disabled = true;
  button.replaceChildren(say("sending"));
  if (await isConfirmed(basket.shift)) return refuseStale();
  const signature = await signatureOf(form);
  const wishes = wishesOf(basket, now);
  const going = goes(basket);
  await noteOut(basket, going, endOf(basket, now) ?? now);
  // The start of a shift is signed by nobody: what was handed over is.
  const outcomes = await submitAll(wishes.map((wish) => ({ wish, signature: wish.kind === "issue" ? signature : null })), DRAFT);
  await finish(wishes, outcomes, going);
}

/**
 * @param {import("../outbox/outbox.js").Wish[]} wishes
 * @param {import("../outbox/outbox.js").Outcome[]} outcomes
 * @param {Thing[]} going
 */
async function finish(wishes, outcomes, going) {
  /** @type {HTMLElement[]} */
  const told = [];
  const refused = new Map(wishes.map((wish, place) => [wish, outcomes[place]]).filter(([, outcome]) => isRefused(/** @type {any} */ (outcome))).map(([wish, outcome]) => [/** @type {any} */ (wish), /** @type {any} */ (outcome)]));
  const start = [...refused.keys()].find((wish) => wish.kind === "shift_start");
  const left = going.filter((thing) => {
    const wish = [...refused.keys()].find((each) => each.kind === "issue" && each.code === thing.code);
    thing.refused = wish ? (refused.get(wish).message ?? refused.get(wish).code ?? "") : "";
    return wish;
  });
  const kept = outcomes.find((outcome) => outcome.status === "kept");
  told.push(kept ? message("warning", say(/** @type {"kept_offline"} */ (`kept_${kept.reason ?? "server"}`))) : message("success", say("out_done", { n: going.length - left.length })));
  const behind = basket.things.filter((thing) => !thing.ticked);
  if (behind.length) told.push(el("p", {}, say("left_out", { n: behind.length })));
  if (start) told.push(message("error", say("start_refused", { words: refused.get(start).message ?? "" })));
  if (left.length) told.push(message("error", say("some_refused", { n: left.length })));
  if (left.length || start) {
    busy = false;
    basket = { ...basket, started: !start, things: left };
    said.replaceChildren(...told);
    void changed();
    scrollTo(0, 0);
    return;
  }
  await noteConfirmed(basket.shift);
  await keepDraft(DRAFT, null);
  showDone(basket.shift, told);
}

/**
 * @param {string} shift
 * @param {HTMLElement[]} told
 */
function showDone(shift, told) {
  const again = el("button", { type: "button" }, say("another"));
  again.addEventListener("click", () => location.assign(location.pathname));
  root.replaceChildren(el("div", { class: "stack", "data-testid": "shift-done" }, ...told, el("p", { class: "row" }, el("a", { class: "button primary", href: `/shifts/${shift}` }, say("show_shift")), again)));
  scrollTo(0, 0);
}

function build() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void search(), SEARCH_MS);
  });
  query.addEventListener("focus", () => void search());
  query.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  const hours = /** @type {[string, string][]} */ (["8", "12", "24"].map((n) => [n, say("hours", { n })]));
  const ends = choices("ends", say("ends"), [...hours, ["at", say("other_time")]], { required: true, chosen: basket.ends });
  const at = el("input", { type: "datetime-local", "data-testid": "ends-at" });
  at.value = basket.endsAt;
  const atField = field("ends_at", say("ends_at"), at, { required: true });
  atField.hidden = basket.ends !== "at";
  ends.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement) basket.ends = event.target.value;
    atField.hidden = basket.ends !== "at";
    keep();
  });
  at.addEventListener("input", () => {
    basket.endsAt = at.value;
    keep();
  });
  const note = el("textarea", { rows: 2, maxlength: 2000, "data-testid": "note" });
  note.value = basket.note;
  note.addEventListener("input", () => {
    basket.note = note.value;
    keep();
  });
  const offered = sets.map((standing) => {
    const choice = el("button", { type: "button", "data-testid": "standing-set" }, icon("kit"), standing.name);
    choice.addEventListener("click", () => void addSet(standing));
    return choice;
  });
  const clear = el("button", { type: "button", class: "quiet", "data-testid": "clear" }, say("clear"));
  clear.addEventListener("click", () => {
    busy = true;
    void keepDraft(DRAFT, null).then(() => location.reload());
  });
  const form = el("form", { class: "stack", novalidate: true }, field("note", say("note"), note), signatureField(), problem, el("div", { class: "bar" }, button, clear));
  form.addEventListener("submit", (event) => void confirm(event, form));
  root.replaceChildren(
    basket.started ? message("warning", say("started")) : "",
    said,
    el("section", {}, el("h2", {}, say("crew")), el("p", { class: "muted" }, say("crew_hint")), crewList, el("div", { class: "field" }, el("label", { for: "crew-search" }, say("add_person")), query, found)),
    el("section", { class: "action-form" }, ends, atField),
    offered.length ? el("section", {}, el("h2", {}, say("sets")), el("div", { class: "sets" }, ...offered)) : "",
    finder((code) => void add(code)),
    el("section", {}, el("h2", {}, say("basket")), wanted, list),
    form,
  );
  draw();
}

/** What was in the basket may have changed since: asked again, where somebody answers. */
async function lookAgain() {
  const mine = basket;
  for (const thing of [...mine.things]) {
    const item = await itemOf(thing.code);
    if (busy || mine !== basket) return;
    if (!mine.things.some((each) => each.code === thing.code)) continue; // Taken out meanwhile.
    if (item && typeof item === "object") put(basket, thing.code, item, { ticked: thing.ticked });
  }
  if (basket.things.length) void changed();
}

const kept = await draft(DRAFT).catch(() => null);
if (kept && !(await isConfirmed(kept.shift))) basket = { ...basket, ...kept };
build();
void lookAgain();
