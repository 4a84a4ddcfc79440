// @ts-check
/** What the scan page needs once there is an item, and what every page does; the finder answers before it has come. */
import "../app.js";
export { newId, submit } from "../outbox/outbox.js";
export { dataOf } from "./actions.js";
export { dropPinKey, sealedPin } from "./confirming.js";
export { FieldError } from "./fields.js";
export { codeOf } from "./kit.js";
export { picturesOf } from "./photos.js";
export { refill } from "./refill.js";
export { signatureOf } from "./signature.js";
export { actionView, assetView } from "./view.js";
