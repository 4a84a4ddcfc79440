// @ts-check
/** Papers and pictures go one by one, each with its own progress and answer: a bad one does not cost the good ones. */

/** @typedef {{kept: boolean, words: string}} Answer */

/**
 * Sends one file with the form's other fields.
 * @param {HTMLFormElement} form
 * @param {File} file
 * @param {boolean} alone a title names one file, not several
 * @param {(share: number) => void} tell
 * @returns {Promise<Answer>}
 */
function send(form, file, alone, tell) {
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && (alone || name !== "title")) body.append(name, value);
  }
  body.append("files", file, file.name);
  const failed = { kept: false, words: form.dataset.failed ?? "" };
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => tell(event.total ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      const kept = request.status === 200 && Array.isArray(request.response?.documents);
      resolve(kept ? { kept, words: form.dataset.kept ?? "" } : { kept, words: request.response?.detail ?? failed.words });
    });
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => resolve(failed));
    request.send(body);
  });
}

/**
 * A line that says how far a file is.
 * @param {Element} list
 * @param {string} name
 */
function line(list, name) {
  const item = document.createElement("li");
  const words = document.createElement("div");
  const bar = document.createElement("progress");
  words.textContent = name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  item.append(words, bar);
  list.append(item);
  return {
    /** @param {number} share */
    tell: (share) => {
      bar.value = share;
    },
    /** @param {Answer} answer */
    end: (answer) => {
      bar.remove();
      words.textContent = `${name}: ${answer.words}`;
      words.className = answer.kept ? "" : "wrong";
    },
  };
}

/** @param {HTMLFormElement} form */
async function sendAll(form) {
  const list = form.querySelector("[data-outcome]");
  const inputs = [...form.querySelectorAll("input[type=file]")].filter((input) => input instanceof HTMLInputElement);
  const files = inputs.flatMap((input) => [...(input.files ?? [])]);
  if (!list) return;
  list.replaceChildren();
  let refused = 0;
  for (const file of files) {
    const shown = line(list, file.name);
    const tooLarge = file.size > Number(form.dataset.limit);
    const answer = tooLarge
      ? { kept: false, words: form.dataset.tooLarge ?? "" }
      : await send(form, file, files.length === 1, shown.tell);
    shown.end(answer);
    if (!answer.kept) refused += 1;
  }
  for (const input of inputs) input.value = "";
  // What was kept is shown by the page itself; what was refused stays readable.
  if (!refused) location.reload();
}

for (const form of document.querySelectorAll("form[data-papers]")) {
  if (!(form instanceof HTMLFormElement)) continue;
  const button = form.querySelector("button");
  const start = async () => {
    if (button) button.disabled = true;
    await sendAll(form);
    if (button) button.disabled = false;
  };
  form.addEventListener("submit", (event) => {
    const chosen = [...form.querySelectorAll("input[type=file]")].some((i) => i instanceof HTMLInputElement && i.files?.length);
    // Without a file the server says what is missing.
    if (!chosen) return;
    event.preventDefault();
    void start();
  });
  // A picture just taken is a picture, and is sent at once: there is nothing more to choose.
  form.querySelector("input[capture]")?.addEventListener("change", () => {
    const kind = form.elements.namedItem("kind");
    if (kind instanceof HTMLSelectElement) kind.value = "photo";
    form.requestSubmit();
  });
}
