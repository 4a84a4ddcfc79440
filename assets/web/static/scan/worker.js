// @ts-check
/** Runs zxing (WebAssembly) away from the page, so that a slow phone keeps answering to touches. */

// A classic worker: older phones have no module workers. Everything comes from our own address; the library's
// default would fetch the wasm file from a foreign one.
const here = self.location.href;
const vendor = new URL("../vendor/zxing-wasm-3.1.4/", here);
const scope = /** @type {any} */ (self);

scope.importScripts(new URL("reader.js", vendor).href);

/** @typedef {{id: number, pixels: ImageData, every?: boolean}} Question */

scope.ZXingWASM.prepareZXingModule({
  overrides: { locateFile: (/** @type {string} */ name) => new URL(name, vendor).href },
  fireImmediately: true,
}).then(
  () => scope.postMessage({ ready: true }),
  (/** @type {unknown} */ error) => scope.postMessage({ error: String(error) }),
);

scope.onmessage = async (/** @type {MessageEvent<Question>} */ event) => {
  const { id, pixels, every } = event.data;
  let text = null;
  try {
    const found = await scope.ZXingWASM.readBarcodes(pixels, { formats: every ? [] : ["QRCode"], tryHarder: true, tryInvert: true, maxNumberOfSymbols: 1 });
    text = found.find((/** @type {{isValid: boolean}} */ each) => each.isValid)?.text ?? null;
  } catch {
    // One unreadable frame; the next one comes in a moment.
  }
  scope.postMessage({ id, text });
};
