import { InvalidArgumentError, isUnavailable } from '../errors.ts'
import type { Removed } from '../storage/values.ts'
import { checkFunction, checkSignal, refuse } from '../support/checks.ts'
import { type OptionTable, resolveOptions } from '../support/option-table.ts'
import type { Namespace } from './engine.ts'

export interface PatternOptions {
  /** Ends the removal between two of its steps: it rejects with the signal's reason. What was removed is. */
  readonly signal?: AbortSignal | undefined
  /** Called after each step with the counts so far. What it throws ends the removal. */
  readonly onProgress?: ((soFar: PatternRemoved) => void) | undefined
}

export interface PatternRemoved {
  /** About how many keys the storage has looked at, those of others included. */
  readonly scanned: number
  readonly removed: number
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const PATTERN: OptionTable<PatternOptions, 'signal' | 'onProgress'> = {
  signal: [checkSignal, undefined],
  onProgress: [checkFunction, undefined],
}

const MAX_PATTERN_BYTES = 1_024

type RemoveByPattern = (glob: string, options?: PatternOptions) => Promise<PatternRemoved>

/** `removeByPattern` of a cache: one step after the other, each with a deadline, until the storage has seen all keys. */
export function patternRemoval(space: Namespace): RemoveByPattern {
  const { gate } = space.engine
  const { prefix, clearKey } = space.scope

  return async (glob, options = {}) => {
    const pattern = { prefix, glob: checkGlob(glob) }
    const { signal, onProgress } = resolveOptions(PATTERN, options)
    const removal = { kind: 'pattern', scope: clearKey, ...pattern } as const
    const step = async (position: string | undefined): Promise<Removed> => {
      signal?.throwIfAborted()
      return await gate.remove(() => gate.values.removeMatching(pattern, position), removal)
    }
    const forget = (): void => {
      space.forgetAll()
      space.engine.near?.dropPath(space.scope.path)
    }
    // Calls from now on, and calls after it, must not share a load that began before it.
    forget()
    try {
      const counts = await eachStep(step, onProgress)
      space.publish(() => ({ type: 'patternRemoved', pattern: glob, removed: counts.removed }))
      return counts
    } catch (error) {
      if (isUnavailable(error)) space.publish(() => ({ type: 'removalQueued', error }))
      throw error
    } finally {
      forget()
    }
  }
}

/** Takes one step after the other: `step` begins without a position. */
async function eachStep(
  step: (position: string | undefined) => Promise<Removed>,
  onProgress: PatternOptions['onProgress'],
): Promise<PatternRemoved> {
  let counts = { scanned: 0, removed: 0 }
  let position: string | undefined
  do {
    const done = await step(position)
    ;({ position } = done)
    counts = { scanned: counts.scanned + done.scanned, removed: counts.removed + done.removed }
    // What it returns is not waited for, and its rejection must not end the process.
    Promise.resolve(onProgress?.(counts)).catch(() => undefined)
  } while (position !== undefined)
  return counts
}

function checkGlob(glob: string): string {
  if (typeof glob !== 'string' || glob === '') return refuse('pattern', glob, 'a non-empty string')
  const bytes = Buffer.byteLength(glob)
  if (bytes > MAX_PATTERN_BYTES)
    throw new InvalidArgumentError(
      `pattern takes ${bytes} bytes; at most ${MAX_PATTERN_BYTES} are allowed. Use a shorter one that matches more.`,
    )
  return glob
}
