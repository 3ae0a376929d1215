import type { StoredValue } from '../storage/values.ts'
import { type Entry, readEntry, readEntryHeader } from './entry.ts'
import type { CacheCodec } from './compressed-codec.ts'
import type { Scope } from './keys.ts'
import { placeholderOf } from './placeholder.ts'
import { Reads, inChunks } from './reads.ts'
import { RememberedTags } from './remembered-tags.ts'
import type { StorageGate } from './storage-gate.ts'
import { type Circumstances, TickOfScope, byTags } from './tick-of-scope.ts'

/**
 * What a key holds, as a caller needs to know it.
 *
 * - `fresh`, `stale`: an entry that counts. What `expire` ended is stale.
 * - `loading`: the placeholder of a load.
 * - `absent`: nothing; or `outdated`, an entry that was invalidated with its namespace or by a tag; or `unreadable`, something
 *   that no version with this codec wrote.
 */
export type State = 'fresh' | 'stale' | 'loading' | 'absent' | 'outdated' | 'unreadable'

export interface Found extends Circumstances {
  readonly state: State
  readonly key: string
  /** With `fresh`, `stale` and `outdated`. */
  readonly entry: Entry | undefined
  /** With `loading`. */
  readonly placeholder: string | undefined
  /** Of the tags that the caller named, in their order; null: missing. */
  readonly tagGenerations: readonly (string | null)[]
  /** The storage's clock when it was read; undefined where nothing depends on it. */
  readonly now: number | undefined
}

/** Callers who ask for one key within this time in one tick share a look, and its deadline. */
const SAME_TIME_MS = 5

/** Reads entries with the generations that make them count. */
export class Lookup {
  readonly #gate: StorageGate
  readonly #texts: Reads<string | null>
  /** Of the tick that is put together. */
  #last: TickOfScope | undefined
  /** What callers of one key get in it who name no tags, by the place of that key. */
  #looks: (Promise<readonly Found[]> | undefined)[] = []
  readonly #bytes: Reads<Uint8Array | null>
  readonly #rememberedTags: RememberedTags
  #isLearning = false

  constructor(gate: StorageGate) {
    this.#gate = gate
    this.#rememberedTags = new RememberedTags(() => gate.runtime.monotonicNow())
    this.#texts = new Reads(inChunks((keys) => gate.call(() => gate.values.getMany(keys))))
    this.#bytes = new Reads(inChunks((keys) => gate.call(() => gate.values.getManyBytes(keys))))
  }

  /**
   * Each key of `keys` once, in their order. Generations are read with what they are for, or before it. `tags`: those that the
   * entries are likely to have; others cost a second round trip, unless this process remembers that an entry has them.
   * Two hundred callers of one key are one look.
   */
  find(
    scope: Scope,
    codec: CacheCodec,
    keys: readonly string[],
    tags: readonly string[] = NO_TAGS,
  ): Promise<readonly Found[]> {
    const [key] = keys
    const startedAt = this.#gate.runtime.monotonicNow()
    const shared = this.#tickOf(scope, startedAt)
    const canShare = keys.length === 1 && tags.length === 0 && codec.bytes !== true
    if (key === undefined || !canShare || startedAt - shared.startedAt > SAME_TIME_MS)
      return this.#find(scope, codec, keys, tags)
    const { tick } = shared
    const same = this.#looks[tick.placeOf(key) ?? -1]
    if (same !== undefined) return same
    const look = this.#find(scope, codec, keys, tags)
    this.#looks[tick.placeOf(key) as number] = look
    return look
  }

  #find(
    scope: Scope,
    codec: CacheCodec,
    keys: readonly string[],
    tags: readonly string[],
  ): Promise<readonly Found[]> {
    return this.#read(scope, codec, keys, tags, undefined, (judged) => this.#completed(scope, judged))
  }

  #tickOf(scope: Scope, now: number): TickOfScope {
    const { tick } = this.#texts
    if (this.#last?.tick !== tick || this.#last.scope !== scope) {
      this.#last = new TickOfScope(tick, scope, now)
      this.#looks = []
    }
    return this.#last
  }

  /** The same, as soon as the first round trip is over: what needs a second one is to be found alone. */
  findEach(
    scope: Scope,
    codec: CacheCodec,
    keys: readonly string[],
    tags: readonly string[],
  ): Promise<readonly (Found | Promise<readonly Found[]>)[]> {
    return this.#read(scope, codec, keys, tags, undefined, (judged) => {
      const all: (Found | Promise<readonly Found[]>)[] = [...judged.found]
      for (const at of judged.open) {
        const found = judged.found.slice(at, at + 1)
        const completed = this.#completed(scope, { ...judged, found, open: [0] })
        all[at] = completed instanceof Promise ? completed : (completed[0] as Found)
      }
      return all
    })
  }

  /** The same for what a caller reads itself, header and all. */
  judged(
    scope: Scope,
    codec: CacheCodec,
    keys: readonly string[],
    stored: Promise<readonly StoredNullable[]>,
  ): Promise<readonly Found[]> {
    return this.#read(scope, codec, keys, NO_TAGS, stored, (judged) => this.#completed(scope, judged))
  }

  #read<T>(
    scope: Scope,
    codec: CacheCodec,
    keys: readonly string[],
    tags: readonly string[],
    given: Promise<readonly StoredNullable[]> | undefined,
    finish: (judged: Judged) => T | Promise<T>,
  ): Promise<T> {
    const startedAt = this.#gate.runtime.monotonicNow()
    const shared = this.#tickOf(scope, startedAt)
    const { tick } = shared
    for (const tag of tags) shared.addTag(tag)
    for (const key of keys) for (const tag of this.#rememberedTags.of(key) ?? NO_TAGS) shared.addTag(tag)
    const bytes = codec.bytes === true && given === undefined ? this.#bytes.tick : undefined
    const own = given === undefined ? (bytes ?? tick).addAll(keys) : NONE
    const judged = (
      replies: readonly (string | null)[],
      values: readonly StoredNullable[],
    ): T | Promise<T> => {
      // What it read is not kept longer than those who asked for it need it.
      if (this.#last === shared) {
        this.#last = undefined
        this.#looks = []
      }
      const circumstances = shared.read(replies)
      const tagGenerations = tags.length === 0 ? NO_TAGS : tags.map((tag) => shared.generationOf(tag) ?? null)
      const levels = circumstances.generations.length
      const found: Found[] = []
      let open: number[] | undefined
      for (let i = 0; i < keys.length; i += 1) {
        const stored = values[given === undefined ? (own[i] as number) : i] as StoredNullable
        const entry =
          typeof stored === 'string' && given !== undefined
            ? readEntryHeader(stored, levels, codec.name)
            : stored === null
              ? undefined
              : readEntry(stored, levels, codec.name)
        const verdict = entry === undefined ? undefined : byTags(entry, shared)
        const isOutdated = verdict === 'outdated'
        const seen = judge(keys[i] as string, stored, entry, isOutdated, circumstances, tagGenerations)
        found.push(seen)
        if (entry === undefined || seen.state === 'outdated') continue
        if (verdict === 'unknown' || needsClock(entry)) (open ??= []).push(i)
      }
      return finish({ found, open: open ?? NONE, shared, startedAt })
    }
    const separate = given ?? bytes?.replies
    if (separate === undefined) return tick.replies.then((replies) => judged(replies, replies))
    return Promise.all([tick.replies, separate]).then(([replies, values]) => judged(replies, values))
  }

  /** With what a second round trip shows. */
  #completed(
    scope: Scope,
    { found, open, shared, startedAt }: Judged,
  ): readonly Found[] | Promise<readonly Found[]> {
    if (open.length === 0) return found
    const entries = open.map((at) => found[at]?.entry as Entry)
    if (entries.every((entry) => byTags(entry, shared) !== 'unknown')) {
      if (this.#isClockKnown) return this.#withClock(found, this.#gate.calls.clock.latest)
      return this.#gate.inTime(startedAt, this.now()).then((now) => this.#withClock(found, now))
    }
    const more = async (): Promise<readonly Found[]> => {
      const tagged = await this.#withTags(scope, found)
      return entries.some(needsClock) ? this.#withClock(tagged, await this.now()) : tagged
    }
    return this.#gate.inTime(startedAt, more())
  }

  /** Entries that name tags count only under the generations that those have now. */
  async #withTags(scope: Scope, found: readonly Found[]): Promise<readonly Found[]> {
    const keys = new Set<string>()
    for (const { entry, key } of found) {
      if (entry === undefined || entry.tags.length === 0) continue
      this.#rememberedTags.remember(key, entry)
      for (const [tag] of entry.tags) keys.add(scope.tagKey(tag))
    }
    const all = [...keys]
    const replies = await this.#texts.read(all)
    const now = new Map(all.map((key, i) => [key, replies[i] as string | null]))
    return found.map((each) =>
      each.state !== 'outdated' &&
      each.entry?.tags.some(([tag, generation]) => now.get(scope.tagKey(tag)) !== generation)
        ? { ...each, state: 'outdated' as const }
        : each,
    )
  }

  #withClock(found: readonly Found[], now: number): readonly Found[] {
    return found.map((each) => {
      const { state, entry } = each
      if (entry === undefined) return each
      const isStale = state === 'fresh' && entry.staleMs > 0 && now >= entry.writtenAt + entry.ttlMs
      return { ...each, now, state: isStale ? 'stale' : state }
    })
  }

  /** It is asked again once a minute, since clocks drift apart, and after the machine has slept. */
  get #isClockKnown(): boolean {
    const { clock } = this.#gate.calls
    return clock.known && clock.ageMs <= 60_000 && !clock.isInDoubt
  }

  /** The storage's clock, at the latest: an entry that may have ended is none that is fresh. */
  async now(): Promise<number> {
    const { calls } = this.#gate
    if (!this.#isClockKnown) {
      await this.#gate.call(async () => {
        const sentAt = { monotonic: calls.runtime.monotonicNow(), wall: calls.runtime.wallNow() }
        calls.clock.observe(sentAt, await calls.storage.time())
      })
    }
    return calls.clock.latest
  }

  /** Asks for the storage's clock, unless it is known. No caller waits for that. */
  learnClock(): void {
    // While the storage is out, the question that finds out whether it answers is that of a caller.
    if (this.#isLearning || this.#isClockKnown || this.#gate.breaker === 'open') return
    this.#isLearning = true
    const ended = (): void => void (this.#isLearning = false)
    this.now().then(ended, ended)
  }

  /** For how long an instant of the storage's clock is surely still to come; 0 while that clock is not known. */
  surelyLeft(until: number): number {
    if (this.#isClockKnown) return this.#gate.calls.clock.surelyLeft(until)
    this.learnClock()
    return 0
  }

  /** The same, about: for what need not be certain. */
  aboutLeft(until: number): number {
    return until - this.#gate.calls.clock.latest
  }

  /** Of tags of a namespace, with what says whether any of them has been invalidated meanwhile, read after them. */
  async tags(scope: Scope, tags: readonly string[]): Promise<readonly (string | null)[]> {
    return await this.#texts.read(tags.map((tag) => scope.tagKey(tag)))
  }

  async tagChanges(scope: Scope): Promise<string | null> {
    const [changes = null] = await this.#texts.read([scope.tagChangesKey])
    return changes
  }

  async texts(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return await this.#texts.read(keys)
  }

  /** The exact bytes of a key, for what no codec reads. */
  async raw(key: string): Promise<Uint8Array | null> {
    const [bytes = null] = await this.#bytes.read([key])
    return bytes
  }
}

type StoredNullable = StoredValue | null

/** What the first round trip has shown. */
interface Judged {
  readonly found: readonly Found[]
  /** The places of those that need a second one. */
  readonly open: readonly number[]
  readonly shared: TickOfScope
  readonly startedAt: number
}

const NO_TAGS: readonly string[] = []
const NONE: readonly number[] = []

/** Whether it depends on the storage's clock what the entry is. */
function needsClock({ staleMs, loadMs }: Entry): boolean {
  return staleMs > 0 || loadMs > 0
}

function judge(
  key: string,
  stored: StoredNullable,
  entry: Entry | undefined,
  isOutdated: boolean,
  { generations, joined, tagChanges }: Circumstances,
  tagGenerations: readonly (string | null)[],
): Found {
  let state: State = 'absent'
  let placeholder: string | undefined
  if (entry !== undefined) {
    const counts = !isOutdated && joined !== undefined && entry.generations === joined
    state = counts ? (entry.isExpired ? 'stale' : 'fresh') : 'outdated'
  } else if (stored !== null) {
    placeholder = placeholderOf(stored)
    state = placeholder === undefined ? 'unreadable' : 'loading'
  }
  // Without spreading: it is made for every read.
  return {
    state,
    key,
    entry,
    placeholder,
    generations,
    joined,
    tagChanges,
    tagGenerations,
    now: undefined,
  }
}
