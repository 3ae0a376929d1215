import { isDeepStrictEqual } from 'node:util'
import type { StoredValue } from '../../storage/values.ts'
import type { CacheCodec } from '../compressed-codec.ts'
import { Copies } from '../copies.ts'
import type { Accepts } from '../read.ts'
import type { Cell } from './cells.ts'
import type { Coolable, HotCopies } from './hot-copies.ts'

const NONE = Symbol('none')
/** A caller got a copy of it. */
const HIT = Symbol('hit')

/** What makes a value of what is stored. A copy serves only those who would make the same of it. */
export interface Making {
  readonly codec: CacheCodec
  readonly accepts: Accepts | undefined
}

/** What a process keeps of an entry. */
export class Copy implements Coolable {
  readonly payload: StoredValue
  readonly cells: readonly Cell[]
  /** When the entry stops being fresh, on the monotonic clock. */
  readonly freshUntil: number
  /** How long it was to be fresh when it was stored. */
  readonly ttlMs: number
  /** How long before its end it is to be loaded anew, for a `beta` of 1; drawn once. 0: never. */
  readonly leadMs: number
  readonly #making: Making
  /**
   * `immutable`: nothing can be changed in it, so all get the same. `accepted`: the schema made something else of it than what
   * is stored, so it has to do so each time.
   */
  readonly #kind: 'immutable' | 'decoded' | 'accepted'
  /** What callers share who promise not to change it; or, where callers get copies, what these are made of. */
  #shared: unknown

  constructor(
    payload: StoredValue,
    making: Making,
    value: unknown,
    life: { readonly freshUntil: number; readonly ttlMs: number; readonly leadMs: number },
    cells: readonly Cell[],
  ) {
    const isImmutable = typeof value !== 'object' || value === null
    // What cannot be changed is decoded no more.
    this.payload = isImmutable ? '' : typeof payload === 'string' ? ownText(payload) : ownBytes(payload)
    this.#making = making
    this.cells = cells
    this.freshUntil = life.freshUntil
    this.ttlMs = life.ttlMs
    this.leadMs = life.leadMs
    if (isImmutable) this.#kind = 'immutable'
    else
      this.#kind =
        making.accepts === undefined || isDeepStrictEqual(value, this.#decoded()) ? 'decoded' : 'accepted'
    // What the call that read it gets is that call's: it may have asked for a copy.
    this.#shared = this.#kind === 'immutable' ? value : NONE
  }

  isOf({ codec, accepts }: Making): boolean {
    return this.#making.codec === codec && this.#making.accepts?.schema === accepts?.schema
  }

  /** `isCopied`: a value that no other caller has. Undefined: the schema refuses it now. @throws what codec and schema throw */
  value(isCopied: boolean, hot: HotCopies): unknown {
    if (this.#kind === 'immutable') return this.#shared
    if (isCopied) return this.#copied(hot)
    if (this.#shared instanceof Copies) hot.delete(this)
    else if (this.#shared !== NONE && this.#shared !== HIT) return this.#shared
    return (this.#shared = this.#made())
  }

  cool(): void {
    this.#shared = NONE
  }

  #copied(hot: HotCopies): unknown {
    if (this.#shared instanceof Copies) return this.#shared.next()
    if (this.#shared === NONE) this.#shared = HIT
    else if (this.#kind === 'decoded' && this.#shared === HIT && hot.hasRoomFor(this)) {
      const copies = (this.#shared = new Copies(this.#making.codec, this.payload))
      const value = copies.next()
      if (copies.areCheap) hot.add(this)
      return value
    }
    return this.#made()
  }

  get isProven(): boolean {
    for (const cell of this.cells) if (!cell.isProven) return false
    return true
  }

  #made(): unknown {
    const decoded = this.#decoded()
    return this.#kind === 'accepted' ? this.#making.accepts?.(decoded)?.value : decoded
  }

  #decoded(): unknown {
    const { payload } = this
    // A codec may give parts of the bytes that it gets.
    return this.#making.codec.decode((typeof payload === 'string' ? payload : ownBytes(payload)) as never)
  }
}

/** A part of a text keeps all of that in memory. Where it is long, that is little more. */
function ownText(text: string): string {
  return text.length > 4_096 ? text : Buffer.from(text).toString()
}

/** A part of what the client has read would keep all of that in memory. */
function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}
