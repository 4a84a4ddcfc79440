// @ts-check
/**
 * What `GET /scan/asset/<code>` answers, for the signed-in session and in its language.
 *
 * @typedef {{kind: string, label: string, value: number | null, unit: string}} Meter value null: never read
 * @typedef {{kind: string, label: string, primary: boolean}} Action offered to this person for this asset, likeliest first
 * @typedef {{unit: "count" | "hours", value: number}} UsualUse
 * @typedef {{code: string, label: string}} Operation
 * @typedef {object} Asset
 * @property {string} code ten characters
 * @property {string} title
 * @property {string} class in words
 * @property {{kind: "ready" | "due" | "blocked" | "unknown" | "away", text: string}} state
 * @property {{ok: boolean | null, reasons: {code: string, text: string}[]}} fit ok null: not known
 * @property {string | null} custodian
 * @property {string | null} unit
 * @property {Meter[]} meters the first is the one asked for at a return
 * @property {UsualUse | null} usual_use
 * @property {Operation[] | null} operations it was likely used in, likeliest first; null: not asked
 * @property {Action[]} actions
 *
 * What `GET /scan/persons?q=` answers; with an empty q the likeliest for this session.
 * @typedef {{id: string, name: string, unit: string | null, note?: string | null}} Person
 * @typedef {{items: Person[]}} Persons
 */

export {};
