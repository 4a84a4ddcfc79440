// @ts-check
/** On the first page: what this device has recorded and not sent yet is something to do as well. */
import { unsent } from "../outbox/outbox.js";

const told = document.querySelector("[data-home-unsent]");
const link = told?.querySelector("a");

async function draw() {
  if (!(told instanceof HTMLElement) || !link) return;
  const { waiting, parked } = await unsent();
  told.hidden = waiting + parked === 0;
  link.textContent = (told.dataset.words ?? "").replace("{n}", String(waiting + parked));
}

document.addEventListener("unsent-changed", () => void draw());
void draw();
