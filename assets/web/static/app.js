// @ts-check
/** What every page does: menus, theme, keyboard, a USB scanner, the strip of what is not sent, kept forms. */
import { startForms } from "./forms.js";
import { startKeyboard } from "./keyboard.js";
import { startParts } from "./parts.js";
import { startProgress } from "./progress.js";
import { startStrip } from "./strip.js";
import { startTheme } from "./theme.js";
import { startWedge } from "./wedge.js";

startTheme();
startParts();
startKeyboard();
startWedge();
startForms();
startProgress();
startStrip();

// What makes the site work without a connection comes after what this page is for.
if (document.querySelector('meta[name="account"]')) {
  const begin = () => void import("./known/start.js");
  const whenIdle = () => ("requestIdleCallback" in globalThis ? requestIdleCallback(begin, { timeout: 3000 }) : setTimeout(begin, 1000));
  // The scan page's modules come after the page itself.
  if (document.readyState === "complete") whenIdle();
  else addEventListener("load", whenIdle);
}
