import { copyOfJson, isJsonOnly } from '../support/codec.ts'
import type { StoredValue } from '../storage/values.ts'
import type { CacheCodec } from './compressed-codec.ts'

/**
 * What many callers get of one stored value: each a value that no other caller has. Copying what JSON has made takes a fifth of
 * the time that making it again takes, and where two hundred callers wait, the last one waits for all of that.
 */
export class Copies {
  readonly #codec: CacheCodec
  readonly #payload: StoredValue
  /** Undefined: it has not looked yet. */
  #areCheap: boolean | undefined
  /** No caller has it. */
  #original: unknown

  constructor(codec: CacheCodec, payload: StoredValue) {
    this.#codec = codec
    this.#payload = payload
  }

  /** Whether it keeps what they are made of. */
  get areCheap(): boolean {
    return (this.#areCheap ??= isJsonOnly(this.#codec, this.#payload))
  }

  /** @throws what the codec throws */
  next(): unknown {
    if (!this.areCheap) return this.#decoded()
    const original = (this.#original ??= this.#decoded())
    const copy = copyOfJson(original)
    if (copy !== undefined) return copy
    this.#areCheap = false
    this.#original = undefined
    return original
  }

  #decoded(): unknown {
    return this.#codec.decode(this.#payload as never)
  }
}
