import { InvalidArgumentError } from '@holdfast/core'
import { checkObject, refuse } from '@holdfast/core/storage'
import { signatureOf } from '../jobs/job-definition.ts'
import { formatTypeName } from '../wire/type-name.ts'
import { decodeInvocationFields } from '../wire/invocation.ts'
import type { RawCall } from './fetch.ts'
import type { HangfireHandler } from './handle.ts'

/** How many spellings of calls are remembered: .NET applications have a few each. */
const REMEMBERED = 1_000

/**
 * The handlers of a server, by the calls that they are for. A job is found by its call alone, and nothing is ever imported by a
 * name that Redis has (H10).
 */
export class HandlerRegistry {
  readonly #bySignature = new Map<string, HangfireHandler>()
  readonly #known = new Map<string, HangfireHandler>()
  readonly #unknown = new Set<string>()

  /** @throws InvalidArgumentError */
  constructor(handlers: readonly HangfireHandler[]) {
    if (!Array.isArray(handlers) || handlers.length === 0)
      refuse('handlers', handlers, 'a list of what handle() returns, with one at least')
    for (const handler of handlers) {
      if (typeof checkObject('A handler', handler).run !== 'function')
        refuse('A handler', handler, 'what handle() returns')
      const signature = signatureOf(handler.job)
      if (this.#bySignature.has(signature))
        throw new InvalidArgumentError(
          `Two handlers are for ${formatTypeName(handler.job.type)} and its method ${handler.job.method}: keep one.`,
        )
      this.#bySignature.set(signature, handler)
    }
  }

  get handlers(): Iterable<HangfireHandler> {
    return this.#bySignature.values()
  }

  /** Whether the spelling is known to have no handler. */
  isUnknown(call: RawCall): boolean {
    return this.#unknown.has(marked(call))
  }

  /** The handler of a call, however its types are spelt; undefined when there is none. Remembers the spelling. */
  learn(call: RawCall): HangfireHandler | undefined {
    const text = marked(call)
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const handler = this.#find(call)
    const { size } = handler === undefined ? this.#unknown : this.#known
    if (size >= REMEMBERED) (handler === undefined ? this.#unknown : this.#known).clear()
    if (handler === undefined) this.#unknown.add(text)
    else this.#known.set(text, handler)
    return handler
  }

  /** So that it is met again. */
  forget(call: RawCall): void {
    this.#unknown.delete(marked(call))
  }

  /** The spellings that have a handler, as `fetchJob` wants them. */
  get known(): string {
    return joined(this.#known.keys())
  }

  get unknown(): string {
    return joined(this.#unknown)
  }

  #find({ type, method, parameterTypes }: RawCall): HangfireHandler | undefined {
    try {
      const call = decodeInvocationFields({
        Type: type,
        Method: method,
        Arguments: '[]',
        ...(parameterTypes === '' ? {} : { ParameterTypes: parameterTypes }),
      })
      return this.#bySignature.get(signatureOf(call))
    } catch {
      // No .NET type names: no definition has such a call.
      return undefined
    }
  }
}

/** Texts may hold line feeds, so each comes with its length. */
function marked({ type, method, parameterTypes }: RawCall): string {
  const text = `${type}\n${method}\n${parameterTypes}`
  return `${Buffer.byteLength(text)}:${text}`
}

function joined(texts: Iterable<string>): string {
  return ['', ...texts, ''].join('\n')
}
