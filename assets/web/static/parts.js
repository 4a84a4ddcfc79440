// @ts-check
/** The small parts that need a script: navigation, menus, dialogs, copy buttons, files dropped on a field. */

export function startParts() {
  startNav();
  startMenus();
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.getAttribute("data-opens") ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog")?.close();
    const copier = event.target.closest("[data-copy]");
    if (copier instanceof HTMLElement) void copy(copier);
  });
  for (const drop of document.querySelectorAll("[data-drop]")) startDrop(drop);
  if (matchMedia("(min-width: 720px)").matches) {
    for (const details of document.querySelectorAll("details[data-open-wide]")) details.setAttribute("open", "");
  }
}

function startNav() {
  const button = document.querySelector(".nav-button");
  const nav = document.getElementById("nav");
  if (!button || !nav) return;
  button.addEventListener("click", () => {
    const open = nav.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      scrollTo(0, 0);
      nav.querySelector("a")?.focus();
    }
  });
}

function startMenus() {
  const menus = /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll("details[data-menu]")]);
  document.addEventListener("click", (event) => {
    for (const menu of menus) {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus.filter((each) => each.open)) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}

/** @param {HTMLElement} button */
async function copy(button) {
  const said = button.querySelector("[data-said]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    if (said) said.textContent = button.dataset.done ?? "";
  } catch {
    // Clipboards are closed on plain http: select the text instead, so that the person can copy it.
    const text = button.previousElementSibling;
    if (text) getSelection()?.selectAllChildren(text);
  }
}

/** @param {Element} drop */
function startDrop(drop) {
  const input = drop.querySelector("input[type=file]");
  if (!(input instanceof HTMLInputElement)) return;
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    if (!(event instanceof DragEvent) || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
