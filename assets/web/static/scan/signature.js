// @ts-check
/**
 * A signature on glass: drawn with a finger, a glove, a pen or the mouse, sent as a picture of dark ink on white.
 *
 * Who cannot draw signs on paper and says so with the tick.
 */
import { el, icon } from "./element.js";
import { newId } from "../outbox/outbox.js";
import { word } from "./words.js";

const INK = "#101820";
const PAPER = "#ffffff";
const LINE_PX = 2.5;
const HEIGHT_PX = 180;
/** A touch by mistake leaves less ink than this; it is not taken for a signature. */
const LEAST_INK_PX = 40;
const WIDEST_PICTURE_PX = 1200;
const MARGIN_PX = 8;

/** @typedef {{x: number, y: number}} Point in CSS pixels of the pad */
/**
 * @typedef {object} Pad
 * @property {HTMLElement} element the field, to be put into a form
 * @property {() => Promise<Blob | null>} picture PNG; null when nothing was drawn, or it was signed on paper
 * @property {() => string} address the same picture as a data: address, "" without one
 * @property {() => boolean} onPaper whether the tick says that it was signed on paper
 * @property {() => void} clear
 */

/** @type {WeakMap<Element, Pad>} */
const pads = new WeakMap();

/** @returns {HTMLElement} a pad as a field of a form; what is drawn on it is asked of the form */
export function signatureField() {
  const pad = signaturePad();
  pads.set(pad.element, pad);
  return pad.element;
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<{id: string, picture: Blob} | null>} what was drawn, under a new id; null when nothing was
 */
export async function signatureOf(form) {
  const element = form.querySelector(".signature");
  const picture = (element && (await pads.get(element)?.picture())) ?? null;
  return picture && { id: newId(), picture };
}

/** @param {Point[][]} strokes */
function inkOf(strokes) {
  let length = 0;
  for (const stroke of strokes) {
    for (let n = 1; n < stroke.length; n += 1) length += Math.hypot(stroke[n].x - stroke[n - 1].x, stroke[n].y - stroke[n - 1].y);
  }
  return length;
}

/**
 * The strokes alone, moved to the corner, and how much room they take with a margin.
 * @param {Point[][]} strokes
 */
function cropped(strokes) {
  const points = strokes.flat();
  const left = Math.min(...points.map((point) => point.x)) - MARGIN_PX;
  const top = Math.min(...points.map((point) => point.y)) - MARGIN_PX;
  return {
    strokes: strokes.map((stroke) => stroke.map((point) => ({ x: point.x - left, y: point.y - top }))),
    width: Math.max(...points.map((point) => point.x)) + MARGIN_PX - left,
    height: Math.max(...points.map((point) => point.y)) + MARGIN_PX - top,
  };
}

/**
 * Draws the strokes anew; rounded through the middle of each pair of points, so that slow phones give smooth lines.
 * @param {HTMLCanvasElement} canvas
 * @param {Point[][]} strokes
 * @param {number} scale canvas pixels for one CSS pixel
 */
function draw(canvas, strokes, scale) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = PAPER; // Always dark on white: it is printed.
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.strokeStyle = INK;
  pen.fillStyle = INK;
  pen.lineWidth = LINE_PX;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  for (const stroke of strokes) {
    pen.beginPath();
    if (stroke.length === 1) {
      pen.arc(stroke[0].x, stroke[0].y, LINE_PX / 2, 0, 2 * Math.PI);
      pen.fill();
      continue;
    }
    pen.moveTo(stroke[0].x, stroke[0].y);
    for (let n = 1; n < stroke.length - 1; n += 1) {
      pen.quadraticCurveTo(stroke[n].x, stroke[n].y, (stroke[n].x + stroke[n + 1].x) / 2, (stroke[n].y + stroke[n + 1].y) / 2);
    }
    const last = stroke[stroke.length - 1];
    pen.lineTo(last.x, last.y);
    pen.stroke();
  }
}

/** @returns {Pad} */
export function signaturePad() {
  /** @type {Point[][]} */
  let strokes = [];
  /** @type {number | null} the one finger, pen or mouse that draws; a palm beside it does not */
  let drawing = null;
  const canvas = el("canvas", { class: "pad", role: "img", "aria-label": word("sign_here"), "data-testid": "signature-pad" });
  const empty = el("span", { class: "pad-hint", "aria-hidden": "true" }, word("sign_here"));
  const clearButton = el("button", { type: "button", class: "quiet", "data-testid": "signature-clear" }, icon("close"), word("sign_clear"));
  const paper = el("input", { type: "checkbox", name: "signed_on_paper", value: "yes", "data-testid": "signed-on-paper" });

  const redraw = () => {
    const box = canvas.getBoundingClientRect();
    const scale = Math.max(1, devicePixelRatio || 1);
    const width = Math.round((box.width || 300) * scale);
    const height = Math.round((box.height || HEIGHT_PX) * scale);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    draw(canvas, strokes, scale);
    empty.hidden = strokes.length > 0;
  };
  /** @param {PointerEvent} event */
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (drawing !== null || event.button !== 0) return;
    event.preventDefault();
    drawing = event.pointerId;
    canvas.setPointerCapture(event.pointerId); // A stroke that leaves the pad and comes back is one stroke.
    strokes.push([at(event)]);
    paper.checked = false;
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    const stroke = strokes[strokes.length - 1];
    const seen = event.getCoalescedEvents?.() ?? [];
    stroke.push(...(seen.length ? seen : [event]).map(at));
    redraw();
  });
  /** @param {PointerEvent} event */
  const lift = (event) => {
    if (event.pointerId === drawing) drawing = null;
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  // Some phones scroll or zoom on a touch whatever the style says.
  canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  const clear = () => {
    strokes = [];
    redraw();
  };
  clearButton.addEventListener("click", clear);
  paper.addEventListener("change", () => {
    if (paper.checked) clear();
  });
  // The pad knows its size only once it stands in the page; turning the phone changes it.
  if ("ResizeObserver" in globalThis) new ResizeObserver(redraw).observe(canvas);
  else addEventListener("resize", redraw);

  const finished = () => {
    if (paper.checked || inkOf(strokes) < LEAST_INK_PX) return null;
    const ink = cropped(strokes);
    const scale = Math.min(2, WIDEST_PICTURE_PX / Math.max(ink.width, ink.height));
    const picture = document.createElement("canvas");
    picture.width = Math.round(ink.width * scale);
    picture.height = Math.round(ink.height * scale);
    draw(picture, ink.strokes, scale);
    return picture;
  };
  return {
    element: el(
      "fieldset",
      { class: "field signature", id: "f-signature", "data-testid": "signature" },
      el("legend", {}, word("signature"), el("span", { class: "optional" }, ` (${word("optional")})`)),
      el("div", { class: "pad-frame" }, canvas, empty),
      el("div", { class: "pad-tools" }, clearButton, el("label", { class: "pad-paper" }, paper, el("span", {}, word("signed_on_paper")))),
    ),
    picture: () => {
      const picture = finished();
      return picture ? new Promise((done) => picture.toBlob(done, "image/png")) : Promise.resolve(null);
    },
    address: () => finished()?.toDataURL("image/png") ?? "",
    onPaper: () => paper.checked,
    clear,
  };
}
