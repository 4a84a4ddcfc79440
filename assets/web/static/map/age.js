// @ts-check
/** How old the last contact is, as opacity, as words, and as one of the states. */

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/**
 * @param {number | null} age seconds; null: never heard
 * @returns {number} from 1 (fresh) down to 0.35 (older than a week)
 */
export function ageOpacity(age) {
  if (age === null || age >= 7 * DAY_S) return 0.35;
  if (age >= DAY_S) return 0.5;
  return age >= HOUR_S ? 0.75 : 1;
}

/**
 * @param {number | null} age
 * @param {DOMStringMap} words `never` and `now`
 */
export function ageWords(age, words) {
  if (age === null) return words.never ?? "";
  if (age < 60) return words.now ?? "";
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always", style: "short" });
  if (age < HOUR_S) return format.format(-Math.floor(age / 60), "minute");
  if (age < 2 * DAY_S) return format.format(-Math.floor(age / HOUR_S), "hour");
  return format.format(-Math.floor(age / DAY_S), "day");
}

/**
 * @param {{presence: string, age_s: number | null, state: {kind: string} | string}} vehicle
 * @returns {string} a state; a vehicle that is silent is unknown, whatever it was before
 */
export function markerState(vehicle) {
  if (vehicle.age_s === null || ["silent", "never", "lost"].includes(vehicle.presence)) return "unknown";
  const kind = typeof vehicle.state === "string" ? vehicle.state : vehicle.state.kind;
  return ["ready", "due", "blocked", "away"].includes(kind) ? kind : "unknown";
}
