// @ts-check
/** The installer's checklist: asks for itself anew while the page is looked at; without a network it stays as it is. */

const EVERY_MS = 3000;

/** @param {Element} part */
async function watch(part) {
  const address = part.getAttribute("data-install") ?? "";
  let shown = "";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (document.hidden) continue;
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      if (!response.ok || response.redirected) continue;
      const text = await response.text();
      if (text !== shown) part.innerHTML = text;
      shown = text;
    } catch {
      continue;
    }
  }
}

for (const part of document.querySelectorAll("[data-install]")) void watch(part);
