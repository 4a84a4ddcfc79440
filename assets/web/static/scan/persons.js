// @ts-check
/** Choosing the person something is issued to: type a part of the name or number, tap one. */
import { el } from "./element.js";
import { word } from "./words.js";

/** @typedef {import("./types.js").Person} Person */

const WAIT_MS = 200;
const PATIENCE_MS = 4000;

/** @returns {HTMLElement} a field whose chosen radio `to` holds the person's id */
export function personField() {
  const search = el("input", { type: "search", id: "f-to", autocomplete: "off", placeholder: word("search_person"), "aria-controls": "f-to-list", "data-testid": "person-search" });
  const list = el("div", { class: "persons", id: "f-to-list", role: "radiogroup", "aria-label": word("to") });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = 0;
  const ask = async () => {
    asked += 1;
    const mine = asked;
    const persons = await find(search.value);
    if (mine === asked && persons) draw(list, persons); // A slow answer to an older question must not win.
  };
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), WAIT_MS);
  });
  // Enter would send the form before a person is chosen.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  void ask();
  return el("div", { class: "field", "data-keep": "persons" }, el("label", { for: "f-to" }, word("to")), search, list);
}

/**
 * @param {string} query
 * @returns {Promise<Person[] | null>} null when there is no answer
 */
export async function find(query) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const response = await fetch(`/scan/persons?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" }, redirect: "error", signal: stop.signal });
    if (response.ok) return (await response.json()).items;
  } catch {
    // No connection: those that are kept on this device.
  } finally {
    clearTimeout(timer);
  }
  return import("../known/known.js").then((book) => book.persons(query)).catch(() => null);
}

/**
 * @param {HTMLElement} list
 * @param {Person[]} persons
 */
function draw(list, persons) {
  // A person who stays keeps his place on the page: a thumb that is on him already still chooses him.
  const before = new Map([...list.querySelectorAll("input")].map((input) => [input.value, input.closest("label")]));
  list.replaceChildren(...persons.map((person) => before.get(String(person.id)) ?? choice(person)));
  if (!persons.length) list.append(el("p", { class: "muted" }, word("no_person")));
}

/** @param {Person} person */
function choice(person) {
  return el(
    "label",
    { class: "choice person" },
    el("input", { type: "radio", name: "to", value: String(person.id), "data-testid": "person" }),
    el("span", {}, el("strong", {}, person.name), person.unit ? el("span", { class: "sub muted" }, person.unit) : null, person.note ? el("span", { class: "sub" }, person.note) : null),
  );
}
