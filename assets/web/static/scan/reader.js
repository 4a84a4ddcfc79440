// @ts-check
/** Reads a QR code (or, when asked, any barcode) from a picture: the browser's own detector where there is one, else zxing in a worker. */

const LONGEST_SIDE_LIVE_PX = 1280;
const SIDES_PHOTO_PX = [1600, 2800, 900];

/** @typedef {{read: (picture: ImageBitmap | HTMLVideoElement) => Promise<string | null>, readPhoto: (file: Blob) => Promise<string | null>}} Reader */

/** @type {Map<boolean, Promise<Reader>>} */
const made = new Map();

/**
 * @param {boolean} [every] any barcode, such as a maker's serial number, and not our labels alone
 * @returns {Promise<Reader>} rejects when no reader can be loaded
 */
export function reader(every = false) {
  const known = made.get(every);
  if (known) return known;
  const fresh = make(every).catch((error) => {
    made.delete(every);
    throw error;
  });
  made.set(every, fresh);
  return fresh;
}

/**
 * @param {boolean} every
 * @returns {Promise<Reader>}
 */
async function make(every) {
  return (await own(every)) ?? zxing(every);
}

/**
 * @param {boolean} every
 * @returns {Promise<Reader | null>}
 */
async function own(every) {
  // Not in every browser, and not in TypeScript's library.
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  const formats = Detector ? await Detector.getSupportedFormats() : [];
  if (!formats.includes("qr_code")) return null;
  const detector = new Detector({ formats: every ? formats : ["qr_code"] });
  /** @param {ImageBitmapSource} picture */
  const read = async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null;
  return {
    read,
    readPhoto: async (file) => {
      const found = await read(await createImageBitmap(file));
      // The platform's detector gives up on damaged labels earlier than zxing does.
      return found ?? (await zxing(every)).readPhoto(file);
    },
  };
}

/**
 * @param {boolean} every
 * @returns {Promise<Reader>}
 */
async function zxing(every) {
  const worker = new Worker(new URL("./worker.js", import.meta.url));
  /** @type {Map<number, (text: string | null) => void>} */
  const waiting = new Map();
  let count = 0;
  await new Promise((resolve, reject) => {
    worker.onmessage = (event) => (event.data.ready ? resolve(null) : reject(new Error(event.data.error)));
    worker.onerror = (event) => reject(new Error(event.message || "worker"));
  });
  worker.onmessage = (event) => {
    waiting.get(event.data.id)?.(event.data.text);
    waiting.delete(event.data.id);
  };
  /**
   * @param {ImageBitmap | HTMLVideoElement} picture
   * @param {number} longest
   * @returns {Promise<string | null>}
   */
  const readScaled = (picture, longest) => {
    const pixels = pixelsOf(picture, longest);
    if (!pixels) return Promise.resolve(null);
    count += 1;
    const id = count;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      worker.postMessage({ id, pixels, every }, [pixels.data.buffer]);
    });
  };
  return {
    read: (picture) => readScaled(picture, LONGEST_SIDE_LIVE_PX),
    readPhoto: async (file) => {
      const picture = await createImageBitmap(file);
      for (const longest of SIDES_PHOTO_PX) {
        const found = await readScaled(picture, longest);
        if (found) return found;
      }
      return null;
    },
  };
}

/**
 * @param {ImageBitmap | HTMLVideoElement} picture
 * @param {number} longest
 * @returns {ImageData | null} null while a video has no picture yet
 */
function pixelsOf(picture, longest) {
  const [width, height] = picture instanceof HTMLVideoElement ? [picture.videoWidth, picture.videoHeight] : [picture.width, picture.height];
  if (!width || !height) return null;
  const scale = Math.min(1, longest / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
