import { currentOf } from '../../../idempotency/record.ts'
import type { RecordEntry, RecordKey } from '../../../storage/records.ts'
import type { World } from '../workload.ts'
import type { Held } from './seen.ts'

/** What each key of a database holds, and since when in true time: by its commands, and, when it forgot, by what it shows. */
export class Holdings {
  readonly #world: World
  readonly #database: number
  readonly #held = new Map<string, Held>()
  /** When each write was executed: a storage that forgot goes back to one of them. */
  readonly #writtenAt = new Map<string, Pick<Held, 'since' | 'endsAt'>>()
  readonly #keys = new Map<string, RecordKey>()
  /** Keys that the storage lost or was asked to forget, at some time. */
  readonly #emptied = new Set<string>()

  constructor(world: World, database: number) {
    this.#world = world
    this.#database = database
  }

  /** Also when its time is over. */
  get(key: string): Held | undefined {
    return this.#held.get(key)
  }

  wasEmptied(key: string): boolean {
    return this.#emptied.has(key)
  }

  written(key: RecordKey, entry: RecordEntry): Held {
    const held = this.#heldOf(entry)
    this.#keys.set(textOf(key), key)
    this.#held.set(textOf(key), held)
    return held
  }

  expired(key: string): void {
    this.#held.delete(key)
  }

  removed(key: string): void {
    this.#held.delete(key)
    this.#emptied.add(key)
  }

  /** The storage has forgotten: looks at what it still has. */
  async forgot(): Promise<void> {
    const { records } = this.#world.server.peek(this.#database)
    for (const [text, key] of this.#keys) {
      const { entry } = await records.read(key)
      this.#emptied.add(text)
      if (entry === null) this.#held.delete(text)
      else this.#held.set(text, this.#heldOf(entry))
    }
  }

  #heldOf(entry: RecordEntry): Held {
    const { scheduler, server } = this.#world
    // The same write may be executed again where a failover has lost it, and then gets another revision.
    const name = `${entry.writeId} ${entry.rev}`
    const written = this.#writtenAt.get(name) ?? {
      since: scheduler.now,
      endsAt: microsOf(server.now()) + (entry.expiresAt - entry.writtenAt) * 1_000,
    }
    this.#writtenAt.set(name, written)
    return { ...currentOf(entry), ...written, writeId: entry.writeId }
  }
}

/** What the storage counts the time to live in. */
export function microsOf(ms: number): number {
  return Math.floor(ms * 1_000)
}

export function textOf({ collection, id }: RecordKey): string {
  return `${collection}/${id}`
}
