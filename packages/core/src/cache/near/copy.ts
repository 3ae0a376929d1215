import { isDeepStrictEqual } from 'node:util'
import type { StoredValue } from '../../storage/values.ts'
import type { CacheCodec } from '../compressed-codec.ts'
import type { Accepts } from '../read.ts'
import type { Cell } from './cells.ts'

const NONE = Symbol('none')

/** What makes a value of what is stored. A copy serves only those who would make the same of it. */
export interface Making {
  readonly codec: CacheCodec
  readonly accepts: Accepts | undefined
}

/** What a process keeps of an entry. */
export class Copy {
  readonly payload: StoredValue
  readonly codec: CacheCodec
  /** Of the schema that has accepted it. */
  readonly schema: unknown
  readonly cells: readonly Cell[]
  /** When the entry stops being fresh, on the monotonic clock. */
  readonly freshUntil: number
  /** How long it was to be fresh when it was stored. */
  readonly ttlMs: number
  /** How long before its end it is to be loaded anew, for a `beta` of 1; drawn once. 0: never. */
  readonly leadMs: number
  /** The schema made something else of it than what is stored, so it has to do so each time. */
  readonly #accepts: Accepts | undefined
  /** Nothing can be changed in it: all get the same. */
  readonly #isImmutable: boolean
  #shared: unknown

  constructor(
    payload: StoredValue,
    { codec, accepts }: Making,
    value: unknown,
    life: { readonly freshUntil: number; readonly ttlMs: number; readonly leadMs: number },
    cells: readonly Cell[],
    isShared: boolean,
  ) {
    // A part of what the client has read would keep all of that in memory.
    this.payload = typeof payload === 'string' ? Buffer.from(payload).toString() : ownBytes(payload)
    this.codec = codec
    this.schema = accepts?.schema
    this.cells = cells
    this.freshUntil = life.freshUntil
    this.ttlMs = life.ttlMs
    this.leadMs = life.leadMs
    this.#isImmutable = typeof value !== 'object' || value === null
    this.#accepts =
      accepts === undefined || this.#isImmutable || isDeepStrictEqual(value, this.#decoded())
        ? undefined
        : accepts
    this.#shared = this.#isImmutable || isShared ? value : NONE
  }

  isOf({ codec, accepts }: Making): boolean {
    return this.codec === codec && this.schema === accepts?.schema
  }

  /** `isCopied`: a value that no other caller has. */
  value(isCopied: boolean): unknown {
    if (this.#isImmutable) return this.#shared
    if (isCopied) return this.#made()
    return this.#shared === NONE ? (this.#shared = this.#made()) : this.#shared
  }

  get isProven(): boolean {
    for (const cell of this.cells) if (!cell.isProven) return false
    return true
  }

  #made(): unknown {
    const decoded = this.#decoded()
    return this.#accepts === undefined ? decoded : this.#accepts(decoded)?.value
  }

  #decoded(): unknown {
    const { payload } = this
    // A codec may give parts of the bytes that it gets.
    return this.codec.decode((typeof payload === 'string' ? payload : ownBytes(payload)) as never)
  }
}

function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}
