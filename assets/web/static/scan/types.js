// @ts-check
/**
 * What `GET /scan/asset/<code>` answers, for the signed-in session and in its language.
 *
 * @typedef {{kind: string, label: string, value: number | null, unit: string}} Meter value null: never read
 * @typedef {{kind: string, label: string, primary: boolean}} Action offered to this person for this asset, likeliest first
 * @typedef {{unit: "count" | "hours", value: number}} UsualUse
 * @typedef {{code: string, label: string}} Operation
 * @typedef {{code: string, title: string, missing: boolean, former?: string[], line?: number}} Part of a kit; `former`: labels that it had, `line`: the required one that it counts for
 * @typedef {object} Asset
 * @property {string} code ten characters
 * @property {string} title
 * @property {string} class in words
 * @property {{kind: "ready" | "due" | "blocked" | "unknown" | "away", text: string}} state
 * @property {{ok: boolean | null, reasons: {code: string, text: string}[]}} fit ok null: not known
 * @property {string | null} custodian
 * @property {string | null} [custodian_number] who that is, to those who hand it over
 * @property {string | null} unit
 * @property {Meter[]} meters the first is the one asked for at a return
 * @property {UsualUse | null} usual_use
 * @property {Operation[] | null} operations it was likely used in, likeliest first; null: not asked
 * @property {Action[]} actions
 * @property {{code: string, name: string}[] | null} [units] those that it can be sent to; null: it cannot be sent
 * @property {string | null} [notice] what is to be said of the label that was scanned: it was replaced
 * @property {[string, string][]} [facts] of a lot of consumables, instead of who has it: label, value
 * @property {string} [counted_in] of a lot: pieces, packs …
 * @property {boolean} [first_out] of a lot: no other lot of the item goes first
 * @property {string} [asOf] ISO 8601: not asked of the server now, but kept on this device since then
 * @property {string[]} [waits] what was done with it here and is not sent yet, in words
 * @property {string} [class_code]
 * @property {[string, string][]} [points] what is looked at before use: code and words
 * @property {boolean} [check_due] it is verified at each shift and was not today
 * @property {{parts: Part[], counted: {lot: number, title: string, quantity: number, unit: string}[], lines?: number[]}} [kit] of a kit: what is in it, and how many each required line of parts asks for
 * @property {string} [in_kit] the label of the kit that it is in
 * @property {boolean} [blank] a blank label, not an asset: it can be put on one
 *
 * What `GET /scan/persons?q=` answers; with an empty q the likeliest for this session.
 * @typedef {{id: string, name: string, unit: string | null, note?: string | null}} Person
 * @typedef {{items: Person[]}} Persons
 */

export {};
