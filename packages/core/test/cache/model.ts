/** What a call came to: its value, or the code of its error. */
export type Outcome = { readonly is: unknown } | { readonly failed: string }

export interface Life {
  readonly ttlMs: number
  readonly staleMs: number
  readonly tags: readonly string[]
}

/** What a load makes. `fails` and `nothing` store nothing. */
export type Loaded = { readonly value: unknown } | 'fails' | 'nothing'

interface Value extends Life {
  readonly kind: 'value'
  readonly value: unknown
  readonly space: string
  readonly at: number
  endsAt: number
  isExpired: boolean
  isInvalid: boolean
}

type Held =
  | Value
  | { readonly kind: 'hash'; readonly fields: Map<string, unknown>; endsAt: number }
  | { readonly kind: 'counter'; sum: number; endsAt: number }

const refused: Outcome = { failed: 'STORAGE_REFUSED' }
const is = (value: unknown): Outcome => ({ is: value })

/** A cache as its users see it, in one map: what each operation does, one after the other. */
export class Model {
  /** By namespace and key. */
  readonly #held = new Map<string, Held>()
  #now = 0

  advance(ms: number): void {
    this.#now += ms
  }

  get(space: string, key: string): Outcome {
    return is(this.#fresh(space, key)?.value)
  }

  getMany(space: string, keys: readonly string[]): Outcome {
    const found = keys.flatMap((key) => {
      const entry = this.#fresh(space, key)
      return entry === undefined ? [] : [[key, entry.value] as const]
    })
    return is([...new Map(found)])
  }

  getEntry(space: string, key: string): Outcome {
    const entry = this.#entry(space, key)
    if (entry === undefined) return is(undefined)
    const isStale = this.#isStale(entry)
    const ttlMs = isStale ? 0 : entry.at + entry.ttlMs - this.#now
    return is({ value: entry.value, ageMs: this.#now - entry.at, ttlMs, isStale })
  }

  exists(space: string, key: string): Outcome {
    return is(this.#fresh(space, key) !== undefined)
  }

  set(space: string, key: string, value: unknown, life: Life): Outcome {
    const endsAt = this.#now + life.ttlMs + life.staleMs
    const state = { space, at: this.#now, endsAt, isExpired: false, isInvalid: false }
    this.#held.set(at(space, key), { kind: 'value', value, ...life, ...state })
    return is(undefined)
  }

  remove(space: string, keys: readonly string[]): Outcome {
    return is(keys.filter((key) => this.#end(at(space, key))).length)
  }

  expire(space: string, key: string): Outcome {
    const entry = this.#entry(space, key)
    if (entry === undefined) return is(false)
    if (entry.staleMs === 0) this.#held.delete(at(space, key))
    entry.isExpired = true
    entry.endsAt = Math.min(this.#now + entry.staleMs, entry.at + entry.ttlMs + entry.staleMs)
    return is(true)
  }

  clear(space: string): Outcome {
    this.#invalidate((entry) => entry.space === space || space === '' || entry.space.startsWith(`${space}/`))
    return is(undefined)
  }

  invalidateTags(space: string, tags: readonly string[]): Outcome {
    this.#invalidate((entry) => entry.space === space && tags.some((tag) => entry.tags.includes(tag)))
    return is(undefined)
  }

  removeBeginning(space: string, beginning: string): Outcome {
    const keys = [...this.#held.keys()].filter((key) => key.startsWith(at(space, beginning)))
    return is(keys.filter((key) => this.#end(key)).length)
  }

  getOrCreate(
    space: string,
    key: string,
    loaded: Loaded,
    options: Life & { readonly refresh: boolean; readonly orStale: boolean },
  ): Outcome {
    const { refresh, orStale, ...life } = options
    const entry = this.#entry(space, key)
    if (entry !== undefined && !refresh && !entry.isExpired) {
      // A stale one is the answer, and loaded anew behind it.
      if (this.#isStale(entry)) this.#fill(space, key, loaded, life)
      return is(entry.value)
    }
    const held = this.#at(at(space, key))
    if (held?.kind !== 'hash') {
      // A load that begins takes the place of what is no value any more.
      if (entry === undefined) this.#held.delete(at(space, key))
      this.#fill(space, key, loaded, life)
    }
    if (loaded === 'nothing') return is(undefined)
    if (loaded !== 'fails') return is(loaded.value)
    return orStale && entry !== undefined ? is(entry.value) : { failed: 'the load failed' }
  }

  hashSet(
    space: string,
    key: string,
    field: string,
    value: unknown,
    ttlMs: number,
    always: boolean,
  ): Outcome {
    const place = at(space, key)
    const held = this.#at(place)
    if (held !== undefined && held.kind !== 'hash') return refused
    const fields = (held?.fields ?? new Map<string, unknown>()).set(field, value)
    const endsAt = held === undefined || always ? this.#now + ttlMs : held.endsAt
    this.#held.set(place, { kind: 'hash', fields, endsAt })
    return is(undefined)
  }

  hashGetAll(space: string, key: string): Outcome {
    const held = this.#at(at(space, key))
    if (held === undefined) return is({})
    return held.kind === 'hash' ? is(Object.fromEntries(held.fields)) : refused
  }

  hashGet(space: string, key: string, field: string): Outcome {
    const held = this.#at(at(space, key))
    if (held === undefined) return is(undefined)
    return held.kind === 'hash' ? is(held.fields.get(field)) : refused
  }

  hashDelete(space: string, key: string, fields: readonly string[]): Outcome {
    const held = this.#at(at(space, key))
    if (held === undefined) return is(0)
    if (held.kind !== 'hash') return refused
    const deleted = fields.filter((field) => held.fields.delete(field)).length
    if (held.fields.size === 0) this.#held.delete(at(space, key))
    return is(deleted)
  }

  increment(space: string, key: string, by: number, ttlMs: number, always: boolean): Outcome {
    const place = at(space, key)
    const held = this.#at(place)
    if (held !== undefined && held.kind !== 'counter') return refused
    const sum = (held?.sum ?? 0) + by
    const endsAt = held === undefined || always ? this.#now + ttlMs : held.endsAt
    this.#held.set(place, { kind: 'counter', sum, endsAt })
    return is(sum)
  }

  #fill(space: string, key: string, loaded: Loaded, life: Life): void {
    if (typeof loaded === 'object') this.set(space, key, loaded.value, life)
  }

  #invalidate(which: (entry: Value) => boolean): void {
    for (const held of this.#held.values()) if (held.kind === 'value' && which(held)) held.isInvalid = true
  }

  #end(place: string): boolean {
    const wasThere = this.#at(place) !== undefined
    this.#held.delete(place)
    return wasThere
  }

  /** What is there, of any kind, until its time is over. */
  #at(place: string): Held | undefined {
    const held = this.#held.get(place)
    return held !== undefined && held.endsAt > this.#now ? held : undefined
  }

  #entry(space: string, key: string): Value | undefined {
    const held = this.#at(at(space, key))
    return held?.kind === 'value' && !held.isInvalid ? held : undefined
  }

  #fresh(space: string, key: string): Value | undefined {
    const entry = this.#entry(space, key)
    return entry !== undefined && !this.#isStale(entry) ? entry : undefined
  }

  #isStale(entry: Value): boolean {
    return entry.isExpired || this.#now >= entry.at + entry.ttlMs
  }
}

function at(space: string, key: string): string {
  return `${space} ${key}`
}
