// @ts-check
/** Where recorded actions and their photos wait on this device: IndexedDB, or memory where that is closed to us. */
import { openDB } from "../vendor/idb-8.0.3/index.js";

/** @typedef {{id: string, n: number, kind: string, code: string, occurred_at: string, data: Record<string, unknown>}} Command as it is posted */
/** @typedef {{code: string, words: string}} Trouble why the server did not take it */
/**
 * `taken`: the server has recorded the action, only photos still wait. `trouble`: it was refused, until a person looks.
 * @typedef {{id: string, n: number, account: string, command: Command, photos: number, taken: boolean, trouble: Trouble | null}} Entry
 */
/** @typedef {{id: string, entry: string, picture: Blob, signature?: string}} Photo `signature`: the id by which actions name it, when it is one */

const NAME = "outbox";
/** Lists of the time before there was a database: taken over once. */
const OLD_LIST = "commands";

/** @type {Promise<Shelf> | null} */
let opening = null;

/** @returns {Promise<Shelf>} */
export function shelf() {
  opening ??= open();
  return opening;
}

/** @returns {Promise<Shelf>} */
async function open() {
  try {
    const database = await openDB(NAME, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("entries", { keyPath: "id" });
        fresh.createObjectStore("photos", { keyPath: "id" }).createIndex("entry", "entry");
        fresh.createObjectStore("counters");
      },
      // A newer page wants to change the database: this one lets go, and opens it anew when it is asked next.
      blocking(_now, _next, event) {
        /** @type {IDBDatabase} */ (event.target).close();
        opening = null;
      },
      terminated() {
        opening = null;
      },
    });
    const kept = new DatabaseShelf(database);
    await takeOver(kept);
    return kept;
  } catch {
    return new MemoryShelf();
  }
}

/** @param {DatabaseShelf} kept */
async function takeOver(kept) {
  /** @type {{account: string, command: Command, parked?: string}[]} */
  let old;
  try {
    old = JSON.parse(localStorage.getItem(OLD_LIST) ?? "[]");
  } catch {
    return; // Nothing that could be read was there.
  }
  for (const { account, command, parked } of old) {
    await kept.add({ id: command.id, account, command, photos: 0, taken: false, trouble: parked ? { code: "", words: parked } : null }, []);
  }
  if (old.length) localStorage.removeItem(OLD_LIST);
}

/** @typedef {Omit<Entry, "n">} NewEntry its number is given when it is kept */
/** @typedef {DatabaseShelf | MemoryShelf} Shelf */

class DatabaseShelf {
  lasts = true;

  /** @param {import("../vendor/idb-8.0.3/index.js").IDBPDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /**
   * Keeps an action with its photos, all or nothing; its number is this device's next.
   * @param {NewEntry} entry
   * @param {Photo[]} photos
   * @returns {Promise<Entry>}
   */
  async add(entry, photos) {
    return (await this.addAll([{ entry, photos }]))[0];
  }

  /**
   * Keeps several actions with their photos in this order, all or nothing; the draft that they were made of goes with it.
   * @param {{entry: NewEntry, photos: Photo[]}[]} list
   * @param {string} [draft]
   * @returns {Promise<Entry[]>}
   */
  async addAll(list, draft) {
    const change = this.database.transaction(["entries", "photos", "counters"], "readwrite", { durability: "strict" });
    const counters = change.objectStore("counters");
    /** @type {Entry[]} */
    const kept = [];
    for (const { entry, photos } of list) {
      const n = Math.max(((await counters.get("n")) ?? 0) + 1, entry.command.n);
      await counters.put(n, "n");
      kept.push({ ...entry, n, command: { ...entry.command, n: entry.command.n || n } });
      await change.objectStore("entries").put(kept[kept.length - 1]);
      for (const photo of photos) await change.objectStore("photos").put(photo);
    }
    if (draft) await counters.delete(`draft:${draft}`);
    await change.done;
    return kept;
  }

  /**
   * What is being put together and not yet an action; beside the counters, so that it becomes actions at one stroke.
   * @param {string} name
   * @returns {Promise<any>} null where there is none
   */
  async draft(name) {
    return (await this.database.get("counters", `draft:${name}`)) ?? null;
  }

  /**
   * @param {string} name
   * @param {unknown} draft null: it goes
   */
  async keepDraft(name, draft) {
    const change = this.database.transaction("counters", "readwrite", { durability: "strict" });
    if (draft === null) await change.store.delete(`draft:${name}`);
    else await change.store.put(draft, `draft:${name}`);
    await change.done;
  }

  /** @returns {Promise<Entry[]>} everybody's, oldest first */
  async entries() {
    /** @type {Entry[]} */
    const found = await this.database.getAll("entries");
    return found.sort((one, other) => one.n - other.n);
  }

  /**
   * @param {string} id
   * @param {Partial<Entry>} fields
   */
  async change(id, fields) {
    const change = this.database.transaction("entries", "readwrite", { durability: "strict" });
    const entry = await change.store.get(id);
    if (entry) await change.store.put({ ...entry, ...fields });
    await change.done;
  }

  /** @param {string} id its photos go with it */
  async remove(id) {
    const change = this.database.transaction(["entries", "photos"], "readwrite");
    const photos = change.objectStore("photos");
    for (const key of await photos.index("entry").getAllKeys(id)) await photos.delete(key);
    await change.objectStore("entries").delete(id);
    await change.done;
  }

  /**
   * @param {string} entry
   * @returns {Promise<Photo[]>}
   */
  photosOf(entry) {
    return this.database.getAllFromIndex("photos", "entry", entry);
  }

  /** @param {string} id */
  async removePhoto(id) {
    await this.database.delete("photos", id);
  }

  /** @param {string} signature sent: the actions that name it need not send it again */
  async removeSignature(signature) {
    const change = this.database.transaction("photos", "readwrite");
    for (const photo of await change.store.getAll()) if (photo.signature === signature) await change.store.delete(photo.id);
    await change.done;
  }
}

/** Better than nothing: it lasts as long as the page. */
class MemoryShelf {
  lasts = false;

  constructor() {
    /** @type {Map<string, Entry>} */
    this.kept = new Map();
    /** @type {Map<string, Photo>} */
    this.pictures = new Map();
    /** @type {Map<string, unknown>} */
    this.drafts = new Map();
    this.n = Date.now() % 1_000_000_000;
  }

  /**
   * @param {{entry: NewEntry, photos: Photo[]}[]} list
   * @param {string} [draft]
   * @returns {Promise<Entry[]>}
   */
  async addAll(list, draft) {
    if (draft) this.drafts.delete(draft);
    return Promise.all(list.map(({ entry, photos }) => this.add(entry, photos)));
  }

  /**
   * @param {string} name
   * @returns {Promise<any>}
   */
  async draft(name) {
    return this.drafts.get(name) ?? null;
  }

  /**
   * @param {string} name
   * @param {unknown} draft
   */
  async keepDraft(name, draft) {
    if (draft === null) this.drafts.delete(name);
    else this.drafts.set(name, draft);
  }

  /**
   * @param {NewEntry} entry
   * @param {Photo[]} photos
   * @returns {Promise<Entry>}
   */
  async add(entry, photos) {
    this.n += 1;
    const kept = { ...entry, n: this.n, command: { ...entry.command, n: this.n } };
    this.kept.set(kept.id, kept);
    for (const photo of photos) this.pictures.set(photo.id, photo);
    return kept;
  }

  /** @returns {Promise<Entry[]>} */
  async entries() {
    return [...this.kept.values()];
  }

  /**
   * @param {string} id
   * @param {Partial<Entry>} fields
   */
  async change(id, fields) {
    const entry = this.kept.get(id);
    if (entry) this.kept.set(id, { ...entry, ...fields });
  }

  /** @param {string} id */
  async remove(id) {
    this.kept.delete(id);
    for (const photo of this.pictures.values()) if (photo.entry === id) this.pictures.delete(photo.id);
  }

  /** @param {string} entry */
  async photosOf(entry) {
    return [...this.pictures.values()].filter((photo) => photo.entry === entry);
  }

  /** @param {string} id */
  async removePhoto(id) {
    this.pictures.delete(id);
  }

  /** @param {string} signature */
  async removeSignature(signature) {
    for (const photo of this.pictures.values()) if (photo.signature === signature) this.pictures.delete(photo.id);
  }
}
