// The check on the page of trust: says in words whether this browser trusts the office's authority.

const box = document.querySelector("[data-trust-check]");

/**
 * Whether the server answers over HTTPS at all: a page in plain HTTP gets no answer from a server that is not trusted.
 * @param {string} address empty for this page's own
 */
async function answers(address) {
  try {
    return (await fetch(`${address}/trust/check`, { cache: "no-store", credentials: "omit" })).ok;
  } catch {
    return false;
  }
}

/**
 * Whether the browser trusts the page that it shows: after a warning that somebody passed by, all else works, but no
 * browser installs a service worker. The probe does nothing and is taken away at once.
 * @param {string} probe
 * @returns {Promise<boolean | null>} null where it cannot be told
 */
async function trusts(probe) {
  if (!("serviceWorker" in navigator)) return null;
  try {
    const registration = await navigator.serviceWorker.register(probe);
    await registration.unregister();
    return true;
  } catch (error) {
    return /certificate|SSL/i.test(String(error)) ? false : null;
  }
}

/** @param {HTMLElement} at @returns {Promise<[string, string]>} the words' name and the state */
async function found(at) {
  const { https = "", probe = "" } = at.dataset;
  if (location.protocol !== "https:" && !https) return ["plain", "unknown"];
  if (!(await answers(https))) return ["untrusted", "blocked"];
  if (https) return ["trusted", "ready"];
  const sure = await trusts(probe);
  if (sure === null) return ["unclear", "unknown"];
  return sure ? ["trusted", "ready"] : ["passed", "blocked"];
}

if (box instanceof HTMLElement) {
  const said = box.querySelector("[data-said]");
  const again = box.querySelector("[data-again]");
  const look = async () => {
    const [words, state] = await found(box);
    if (said instanceof HTMLElement) {
      said.textContent = box.dataset[words] ?? "";
      said.dataset.state = state;
    }
    if (again instanceof HTMLElement) again.hidden = words === "trusted";
  };
  again?.addEventListener("click", look);
  await look();
}
