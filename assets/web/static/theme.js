// @ts-check
/** The theme switch: system, light or dark, remembered on this device. */

const dark = matchMedia("(prefers-color-scheme: dark)");

/** @returns {string} */
function chosen() {
  try {
    return localStorage.getItem("theme") ?? "system";
  } catch {
    return "system";
  }
}

/** @param {string} choice system, light or dark */
function apply(choice) {
  const root = document.documentElement;
  root.dataset.theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  for (const button of document.querySelectorAll("[data-themes] button")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === choice));
  }
}

export function startTheme() {
  apply(chosen());
  dark.addEventListener("change", () => apply(chosen()));
  for (const group of document.querySelectorAll("[data-themes]")) {
    group.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (!button) return;
      try {
        localStorage.setItem("theme", button.value);
      } catch {
        // Not remembered then, but still shown.
      }
      apply(button.value);
    });
  }
}
