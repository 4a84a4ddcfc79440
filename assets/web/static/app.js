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
