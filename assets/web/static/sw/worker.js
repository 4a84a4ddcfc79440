// @ts-check
/**
 * The service worker: the pages that open without a connection, and the sending of what waits when one is back.
 *
 * Served at /sw.js behind two lines that name the version, its files and the pages (views/service_worker.py). It keeps
 * pages of one account alone, and answers of the API never: what is kept of items is the page's business (known/).
 */

/**
 * @typedef {object} Offline
 * @property {string} version of the static files
 * @property {string[]} shell addresses of all that the pages need
 * @property {Record<string, string[]>} joined addresses of the scan page's own modules, by language
 * @property {string[]} reader addresses of the reader of codes, for browsers without one of their own
 * @property {string[]} pages paths that open without a connection
 * @property {(() => Promise<void>) | null} send null where this browser knows no modules in workers
 */
/** @typedef {{account: string, locale: string, at: number, since: number}} Note whose pages are kept, since when; `at` 0: not all of them came */

const scope = /** @type {any} */ (self);
const { version, shell, joined, reader, pages, send } = /** @type {Offline} */ (scope.OFFLINE);
const SHELL = `shell-${version}`;
const PAGES = `pages-${version}`;
const NOTE = "/sw-note";
const SCAN = "/scan";
const ELSEWHERE = "/offline";
/** A page that does not come within this is opened as it was kept. */
const PATIENCE_MS = 4000;
const FRESH_MS = 60 * 60 * 1000;
/** After so long without the server, pages go: the phone may be nobody's any more. */
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;
/** Pages of the version before may still be open, with a form half filled in: their files stay. */
const VERSIONS_KEPT = 2;

/** Aborted when somebody signs out or in: what was asked for before must not be kept after. */
let leaving = new AbortController();
/** @type {Promise<void>} keeping and forgetting, one after the other */
let keeping = Promise.resolve();

scope.addEventListener("install", (/** @type {any} */ event) => {
  scope.skipWaiting(); // No page is reloaded by it, and each finds the files of its own version.
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(shell)));
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(takeOver());
});

scope.addEventListener("message", (/** @type {any} */ event) => {
  const { keep: account, locale, reader: wanted, forget: left } = event.data ?? {};
  if (left) event.waitUntil(forget());
  if (!account) return;
  event.waitUntil(keep(account, locale));
  if (wanted) event.waitUntil(keepFiles(reader).catch(() => undefined));
});

scope.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === "outbox" && send) event.waitUntil(send());
});

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  /** @type {Request} */
  const request = event.request;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode !== "navigate") return;
  else if (request.method === "GET") event.respondWith(page(request, url));
  else if (url.pathname === "/logout" || url.pathname === "/login") event.respondWith(signing(request));
});

async function takeOver() {
  await scope.clients.claim();
  const names = (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== SHELL);
  for (const old of names.slice(0, Math.max(0, names.length - VERSIONS_KEPT + 1))) await caches.delete(old);
  const before = await noted();
  if (before) await keep(before.account, before.locale);
}

/** @returns {Promise<Note | null>} whose pages are kept here */
async function noted() {
  const found = await caches.match(NOTE);
  return found ? found.json() : null;
}

/**
 * Keeps the pages of who is signed in now, in his language; nobody else's stay. Without a connection: at the next page.
 * @param {string} account
 * @param {string} locale
 */
function keep(account, locale) {
  const { signal } = leaving;
  return (keeping = keeping.then(() => keepNow(account, locale, signal)).catch(() => undefined));
}

/** What is kept goes, also what is just being fetched: it is of who was signed in until now. */
function forget() {
  leaving.abort();
  leaving = new AbortController();
  return (keeping = keeping.then(forgetPages));
}

/**
 * @param {string} account
 * @param {string} locale
 * @param {AbortSignal} signal somebody has signed out or in meanwhile
 */
async function keepNow(account, locale, signal) {
  if (signal.aborted) return;
  const before = await noted();
  if (before && before.account !== account) await forgetPages();
  const has = (await caches.has(PAGES)) && before?.account === account && before.locale === locale;
  if (has && Date.now() - before.at < FRESH_MS) return;
  /** @type {[string, Response][]} */
  const fresh = [];
  let isWhole = true;
  for (const path of pages) {
    try {
      const found = await fetched(path, account, locale, signal);
      if (found) fresh.push([path, found]);
    } catch {
      isWhole = false; // The others are kept all the same; this one is tried again with the next page.
    }
    if (signal.aborted) return;
  }
  if (!fresh.length) return;
  await forgetPages();
  const cache = await caches.open(PAGES);
  for (const [path, response] of fresh) await cache.put(path, response);
  await cache.put(NOTE, new Response(JSON.stringify({ account, locale, at: isWhole ? Date.now() : 0, since: Date.now() })));
}

/**
 * @param {string} path
 * @param {string} account
 * @param {string} locale
 * @param {AbortSignal} signal
 * @returns {Promise<Response | null>} null where it is not this account's page, or not of this version
 */
async function fetched(path, account, locale, signal) {
  // Said, so that no word that waits for this person's next page is spent on it.
  const response = await fetch(path, { headers: { "X-Kept-Page": "1", Accept: "text/html" }, redirect: "manual", cache: "no-store", signal });
  if (response.status !== 200) return null;
  const text = await response.text();
  if (!text.includes(`/static/${version}/`)) {
    void scope.registration.update();
    return null;
  }
  if (!text.includes(`<meta name="account" content="${account}">`) || !text.includes(`<html lang="${locale}">`)) return null;
  const named = [...text.matchAll(/"(\/static\/[^"#]+)/g)].map((found) => found[1]);
  await keepFiles([...named.filter((address) => address.startsWith(`/static/${version}/`)), ...(joined[locale] ?? [])], signal);
  const headers = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length", "Set-Cookie"]) headers.delete(name);
  return new Response(text, { headers });
}

/**
 * @param {string[]} addresses of static files of this version
 * @param {AbortSignal} [signal]
 */
async function keepFiles(addresses, signal) {
  const cache = await caches.open(SHELL);
  for (const address of new Set(addresses)) if (!(await cache.match(address, { ignoreVary: true }))) await cache.add(new Request(address, { signal }));
}

async function forgetPages() {
  for (const name of await caches.keys()) if (name.startsWith("pages-")) await caches.delete(name);
}

/**
 * A static file: its version is in its address, so that what is kept never ages.
 * @param {Request} request
 */
async function file(request) {
  return (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}

/**
 * The network's answer; what is kept where there is none in time.
 * @param {Request} request
 * @param {URL} url
 * @returns {Promise<Response>}
 */
async function page(request, url) {
  const note = await noted();
  if (note && !(Date.now() - note.since < LONGEST_MS)) await forgetPages();
  const kept = await caches.match(url.pathname, { ignoreVary: true });
  const answer = fetch(request);
  try {
    const first = kept ? await Promise.race([answer, late()]) : await answer;
    if (first && !(kept && first.status >= 500)) return first;
  } catch {
    // No connection.
  }
  answer.catch(() => undefined);
  return kept ?? elsewhere(url);
}

/** @returns {Promise<null>} */
function late() {
  return new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
}

/**
 * Where to go from an address that does not open without a connection: a label leads to the scan page with its item.
 * @param {URL} url
 * @returns {Promise<Response>}
 */
async function elsewhere(url) {
  const code = /^\/a\/([0-9A-Za-z-]{10,20})$/.exec(url.pathname)?.[1];
  if (await caches.match(SCAN, { ignoreVary: true })) {
    if (code) return Response.redirect(`${SCAN}?code=${encodeURIComponent(code)}`);
    if (url.pathname === "/") return Response.redirect(SCAN);
  }
  return (await caches.match(ELSEWHERE, { ignoreVary: true })) ?? Response.error();
}

/**
 * Signing out and in: what is kept is of who was signed in until now.
 * @param {Request} request
 */
async function signing(request) {
  const answer = await fetch(request);
  if (answer.type === "opaqueredirect" || answer.redirected) await forget();
  return answer;
}
