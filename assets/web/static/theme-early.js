// @ts-check
// Runs before the first paint, so that a chosen theme does not flash in late, and says that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be closed to us; the system's theme is then right.
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  else if (matchMedia("(prefers-color-scheme: dark)").matches) root.dataset.theme = "dark";
})();
