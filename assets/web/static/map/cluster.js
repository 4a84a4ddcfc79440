// @ts-check
/** Groups points that would cover each other on the screen. */

/** @template T @typedef {{x: number, y: number, items: T[]}} Group */

/**
 * Points fall into square cells, then cells whose means are nearer than a cell's side become one: no two marks cover
 * each other. A group stands at the mean of its points, so that it moves little between loads.
 * @template T
 * @param {{x: number, y: number, item: T}[]} points in pixels
 * @param {number} side in pixels
 * @returns {Group<T>[]}
 */
export function clusters(points, side) {
  /** @type {Map<string, Group<T>>} */
  const cells = new Map();
  for (const { x, y, item } of points) {
    const key = `${Math.floor(x / side)}:${Math.floor(y / side)}`;
    const group = cells.get(key) ?? { x: 0, y: 0, items: [] };
    group.x += x;
    group.y += y;
    group.items.push(item);
    cells.set(key, group);
  }
  const groups = [...cells.values()].map(({ x, y, items }) => ({ x: x / items.length, y: y / items.length, items }));
  groups.sort((a, b) => b.items.length - a.items.length);
  /** @type {Group<T>[]} */
  const apart = [];
  for (const group of groups) {
    const near = apart.find((other) => Math.hypot(other.x - group.x, other.y - group.y) < side);
    if (near) merge(near, group);
    else apart.push(group);
  }
  return apart;
}

/**
 * @template T
 * @param {Group<T>} into
 * @param {Group<T>} from
 */
function merge(into, from) {
  const all = into.items.length + from.items.length;
  into.x = (into.x * into.items.length + from.x * from.items.length) / all;
  into.y = (into.y * into.items.length + from.y * from.items.length) / all;
  into.items.push(...from.items);
}
