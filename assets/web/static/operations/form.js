// @ts-check
/** The operation's form with a script: rows of substances one by one, a stepper, and only what the chosen unit has out. */

/**
 * Rows that say nothing wait behind one button; each tap shows the next.
 * @param {HTMLElement} part
 */
function openOneByOne(part) {
  const details = part.querySelector("details");
  const rows = [...part.querySelectorAll("[data-row]")].filter((row) => row instanceof HTMLElement).slice(1);
  if (!details) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `+ ${part.dataset.add ?? ""}`;
  for (const row of rows) {
    const fields = /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (row.querySelectorAll("input, select"));
    row.hidden = !row.classList.contains("wrong") && !fields[0].value && !fields[1].value;
    details.before(row);
  }
  details.before(button);
  details.remove();
  const ready = () => {
    button.hidden = !rows.some((row) => row.hidden);
  };
  button.addEventListener("click", () => {
    const next = rows.find((row) => row.hidden);
    if (!next) return;
    next.hidden = false;
    next.querySelector("select")?.focus();
    ready();
  });
  ready();
}

/** @param {HTMLInputElement} input */
function addStepper(input) {
  const [less, more] = (input.dataset.stepper ?? "").split("|");
  const frame = document.createElement("div");
  frame.className = "stepper";
  input.replaceWith(frame);
  /** @type {[number, string, string][]} */
  const steps = [[-1, "−", less], [1, "+", more]];
  const buttons = steps.map(([step, sign, words]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", words);
    button.addEventListener("click", () => {
      input.value = String(Math.max(0, (Number.parseInt(input.value, 10) || 0) + step));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return button;
  });
  frame.append(buttons[0], input, buttons[1]);
}

/**
 * Equipment of other units is not asked about.
 * @param {HTMLFormElement} form
 */
function followUnit(form) {
  const unit = form.querySelector('select[name="unit"]');
  if (!(unit instanceof HTMLSelectElement)) return;
  const follow = () => {
    for (const row of form.querySelectorAll("fieldset[data-units]")) {
      if (!(row instanceof HTMLFieldSetElement)) continue;
      const said = row.querySelector("input:checked") !== null;
      row.hidden = !said && !(row.dataset.units ?? "").split(" ").includes(unit.value);
    }
  };
  unit.addEventListener("change", follow);
  follow();
}

for (const part of document.querySelectorAll("[data-substances]")) if (part instanceof HTMLElement) openOneByOne(part);
for (const input of document.querySelectorAll("input[data-stepper]")) if (input instanceof HTMLInputElement) addStepper(input);
for (const form of document.querySelectorAll("form[data-operation]")) if (form instanceof HTMLFormElement) followUnit(form);
