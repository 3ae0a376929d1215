import { InvalidArgumentError, StorageUnavailableError, isUnavailable } from '../errors.ts'
import type { StoredValue } from '../storage/values.ts'
import { encodeData } from './compressed-codec.ts'
import type { Namespace } from './engine.ts'
import { HEAD, expiredHead, isOfAnyVersion } from './entry.ts'
import type { Found } from './lookup.ts'
import { missIf } from './miss-if.ts'
import type { EntryPolicy } from './options.ts'
import { entryOf } from './stored-entry.ts'
import { STORAGE_TIMEOUT_MS } from './time-limit.ts'

/** How many keys one command of a large batch names. */
const CHUNK = 500
const MOST_ATTEMPTS = 5

/** A value that is to be stored. `payload` is undefined when it is too large for that. */
interface Prepared {
  readonly key: string
  readonly entryKey: string
  readonly payload: StoredValue | undefined
}

/** What stores and removes entries, and makes them stale, without loading any. */
export class EntryWrites {
  readonly #space: Namespace

  constructor(space: Namespace) {
    this.#space = space
  }

  async set(key: string, value: unknown, policy: EntryPolicy): Promise<void> {
    await this.#set(this.#prepared(key, value), policy)
  }

  async setMany(values: readonly (readonly [string, unknown])[], policy: EntryPolicy): Promise<void> {
    // Before any of them is sent: one that cannot be stored refuses them all.
    const prepared = values.map(([key, value]) => this.#prepared(key, value))
    for (let at = 0; at < prepared.length; at += CHUNK) {
      const setting = prepared.slice(at, at + CHUNK).map((each) => this.#set(each, policy))
      // All of them end before this does: nothing is stored after it has failed.
      await Promise.allSettled(setting)
      await Promise.all(setting)
    }
  }

  async #set({ key, entryKey, payload }: Prepared, policy: EntryPolicy): Promise<void> {
    const { onOutage } = policy
    // Calls from now on, and calls after it, must not share a load that began before it.
    this.#space.forget([entryKey])
    try {
      if (payload === undefined) {
        await this.#space.engine.gate.call(() => this.#space.engine.gate.values.remove([entryKey]))
        return
      }
      await this.#write(entryKey, payload, policy)
      this.#space.publish(() => ({ key, type: 'set' }))
    } catch (error) {
      missIf(onOutage, error)
    } finally {
      this.#space.forget([entryKey])
    }
  }

  async remove(keys: readonly string[], entryKeys: readonly string[]): Promise<number> {
    const { gate } = this.#space.engine
    this.#space.forget(entryKeys)
    let removed = 0
    let failed: unknown
    for (let at = 0; at < entryKeys.length; at += CHUNK) {
      const some = entryKeys.slice(at, at + CHUNK)
      const entry = { kind: 'keys', scope: this.#space.scope.clearKey, keys: some } as const
      try {
        removed += await gate.remove(() => gate.values.remove(some), entry)
      } catch (error) {
        failed ??= error
      }
    }
    this.#space.forget(entryKeys)
    if (failed !== undefined) {
      if (isUnavailable(failed)) this.#space.publish(() => ({ type: 'removalQueued', error: failed }))
      throw failed as Error
    }
    this.#space.publish(() => ({ type: 'removed', keys, removed }))
    return removed
  }

  async expire(key: string): Promise<boolean> {
    const { gate, runtime } = this.#space.engine
    try {
      return await gate.inTime(runtime.monotonicNow(), (hasGivenUp) => this.#expire(key, hasGivenUp))
    } finally {
      this.#space.engine.near?.drop([this.#space.scope.entryKey(key)])
    }
  }

  async #expire(key: string, hasGivenUp: () => boolean): Promise<boolean> {
    const { scope, policy, engine } = this.#space
    const { gate, lookup } = engine
    const { values } = gate
    const send = <T>(command: () => Promise<T>): Promise<T> => gate.call(command, hasGivenUp)
    const entryKey = scope.entryKey(key)
    this.#space.forget([entryKey])
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const [found] = (await lookup.find(scope, policy.codec, [entryKey])) as [Found]
      const { state, entry, placeholder } = found
      if (state === 'loading' && placeholder !== undefined) {
        // What is being loaded began to load before.
        if (await send(() => values.removeIf(entryKey, placeholder))) return false
        continue
      }
      if (state === 'unreadable') {
        const unread = await send(() => values.getHead(entryKey, HEAD))
        if (unread === null || !isOfAnyVersion(unread)) return false
        // A version that reads it would go on to show it.
        if (!(await send(() => values.removeIf(entryKey, unread)))) continue
        return this.#expired(key, entryKey)
      }
      if (entry === undefined || state === 'outdated') return false
      const { head, staleMs } = entry
      if (staleMs === 0) {
        if (!(await send(() => values.removeIf(entryKey, head)))) continue
      } else {
        // Also where it has expired before: what is being loaded in its place began to load before this.
        const expired = expiredHead(entry, engine.runtime.randomId().slice(0, 11))
        const now = found.now ?? (await lookup.now())
        const endsInMs = entry.writtenAt + entry.ttlMs + staleMs - now
        const lifeMs = Math.max(1, Math.min(staleMs, endsInMs))
        if (!(await send(() => values.patch(entryKey, head, expired, lifeMs)))) continue
      }
      return this.#expired(key, entryKey)
    }
    // Others change it faster than this process can look: what is there now was stored after this call began.
    return true
  }

  #expired(key: string, entryKey: string): true {
    this.#space.forget([entryKey])
    this.#space.publish(() => ({ key, type: 'expired' }))
    return true
  }

  #prepared(key: string, value: unknown): Prepared {
    const entryKey = this.#space.scope.entryKey(key)
    checkValue(key, value)
    const { codec, maxValueBytes } = this.#space.policy
    const payload = encodeData(codec, value, 'value')
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
    if (bytes <= maxValueBytes) return { key, entryKey, payload }
    this.#space.count('oversize')
    this.#space.publish(() => ({ key, type: 'oversize', bytes }))
    return { key, entryKey, payload: undefined }
  }

  /**
   * Under the generations that this process saw last, which are read meanwhile: if others are there by now, it is stored
   * again under those.
   */
  async #write(entryKey: string, payload: StoredValue, policy: EntryPolicy): Promise<void> {
    const { scope, engine } = this.#space
    const { generations, lookup } = engine
    const tagKeys = policy.tags.map((tag) => scope.tagKey(tag))
    const keys = [...scope.generationKeys, ...tagKeys]
    const lifeMs = policy.ttlMs + policy.staleMs
    const startedAt = engine.runtime.monotonicNow()
    const guessed = generations.remembered(keys, lifeMs)
    let reading = lookup.texts(keys)
    if (guessed !== undefined) {
      // Both end before this does: what was put is not refused because the read was, and then there after all.
      const putting = this.#put(entryKey, payload, policy, guessed, startedAt)
      const [read] = await Promise.allSettled([reading, putting])
      await putting
      if (read.status === 'rejected') {
        if (engine.runtime.monotonicNow() - startedAt >= STORAGE_TIMEOUT_MS) afterStoring(read.reason)
        reading = lookup.texts(keys)
      } else if (read.value.every((generation, i) => generation === guessed[i])) return
    }
    const again = async (): Promise<void> => {
      const now = await reading
      if (guessed !== undefined && now.every((generation, i) => generation === guessed[i])) return
      const held = await generations.hold(keys, now, lifeMs)
      await this.#put(entryKey, payload, policy, held, startedAt)
    }
    const finished = engine.gate.inTime(startedAt, again())
    await (guessed === undefined ? finished : finished.catch(afterStoring))
  }

  async #put(
    entryKey: string,
    payload: StoredValue,
    policy: EntryPolicy,
    generations: readonly string[],
    startedAt: number,
  ): Promise<void> {
    const { scope, engine } = this.#space
    const { gate, runtime } = engine
    const levels = scope.generationKeys.length
    const { stored, lifeMs } = entryOf(this.#space, policy, payload, {
      token: runtime.randomId().slice(0, 11),
      generations: generations.slice(0, levels).join(''),
      random: runtime.random(),
      loadMs: 0,
      tags: policy.tags.map((tag, i) => [tag, generations[levels + i] as string]),
    })
    await gate.claim((notAfter) => gate.values.set(entryKey, stored, lifeMs, notAfter), {
      tooLate: 'The value reached the cache storage too late to be stored.',
      startedAt,
    })
  }
}

/** The value has been stored before this failed, and may count. */
function afterStoring(error: unknown): never {
  if (!isUnavailable(error) || error.maybeApplied) throw error
  throw new StorageUnavailableError(error.message, { cause: error, maybeApplied: true })
}

function checkValue(key: string, value: unknown): void {
  if (value === undefined)
    throw new InvalidArgumentError(
      `The value of ${JSON.stringify(key)} is undefined, which cannot be stored because it means a miss; store null instead.`,
    )
}
