// @ts-check
/**
 * What makes the site work without a connection: the service worker with the pages, and what this person works with.
 * Loaded when a page has nothing more urgent to do; both belong to one account and go with its signing out.
 */
import { account } from "../outbox/outbox.js";
import * as book from "./book.js";
import { endRefreshing, startKnown } from "./refresh.js";

const SIGN_OUT = "/logout";
const PATIENCE_MS = 2000;

/** What is kept of somebody goes before he does: a page that is left may not finish it. */
function forgetAtSignOut() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || new URL(form.action).pathname !== SIGN_OUT || form.dataset.forgotten) return;
    event.preventDefault();
    form.dataset.forgotten = "yes";
    endRefreshing();
    const done = Promise.all([book.forget(), forgetPages()]);
    const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    void Promise.race([done, late]).finally(() => form.submit());
  });
}

async function forgetPages() {
  if (!("caches" in globalThis)) return;
  (await navigator.serviceWorker?.getRegistration())?.active?.postMessage({ forget: true }); // It may be fetching more.
  for (const name of await caches.keys()) if (name.startsWith("pages-")) await caches.delete(name);
}

/** Only where the browser offers it: on https, and on this very machine. */
async function register() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/sw.js", { type: "module", updateViaCache: "none" });
  } catch {
    // Browsers that know no modules in workers take the same without the sending in the background.
    await navigator.serviceWorker.register("/sw.js?plain", { updateViaCache: "none" }).catch(() => undefined);
  }
  const worker = (await navigator.serviceWorker.ready).active;
  // The pages are kept for who is signed in now, in his language; and the reader where the browser has none of its own.
  worker?.postMessage({ keep: account(), locale: document.documentElement.lang, reader: !("BarcodeDetector" in globalThis) });
}

forgetAtSignOut();
void import("./known.js"); // The scan page asks for it when the connection is gone: then it must be here already.
// Who records nothing has no items on his phone; what another left there goes all the same.
const worksInTheField = document.querySelector('meta[name="works-in-the-field"]') !== null;
void book.forgetOthers(account()).then(() => (worksInTheField ? startKnown() : undefined));
void register();
