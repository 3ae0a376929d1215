import { isUnavailable } from '../errors.ts'
import type { ValueStorage } from '../storage/values.ts'
import type { Namespace } from './engine.ts'
import type { JournalWork } from './journal.ts'
import { checkTags } from './keys.ts'
import type { Send } from './storage-gate.ts'

/** Invalidates by renewing generations: in one step, however much it is that ends. */
export class Invalidation {
  readonly #space: Namespace

  constructor(space: Namespace) {
    this.#space = space
  }

  async clear(): Promise<void> {
    const { clearKey } = this.#space.scope
    await this.#renew([[clearKey]])
    this.#space.publish(() => ({ type: 'cleared' }))
  }

  async tags(given: readonly string[]): Promise<void> {
    const tags = checkTags('tags', given)
    if (tags.length === 0) return
    const { scope } = this.#space
    // The sign that some tag was invalidated comes first: a load that meets the new generation of one has to meet it, too.
    await this.#renew([[scope.tagChangesKey], tags.map((tag) => scope.tagKey(tag))])
    this.#space.publish(() => ({ type: 'tagsInvalidated', tags }))
  }

  async #renew(steps: readonly (readonly string[])[]): Promise<void> {
    const { engine, policy, scope } = this.#space
    const { generations, gate } = engine
    const lifeMs = policy.ttlMs + policy.staleMs
    const forget = (): void => {
      this.#space.forgetAll()
      engine.near?.doubt(steps.flat())
    }
    forget()
    const renew = async (): Promise<void> => {
      for (const keys of steps) {
        await Promise.all(
          keys.map((key) => {
            const entry = { kind: 'generation', scope: scope.clearKey, key } as const
            return generations.renew(key, lifeMs, (command) => gate.remove(command, entry))
          }),
        )
      }
    }
    try {
      await gate.inTime(engine.runtime.monotonicNow(), renew())
    } catch (error) {
      if (!isUnavailable(error)) throw error
      // The first step fails for all of them, and so does a lack of time.
      const all = steps.flat().map((key) => ({ kind: 'generation', scope: scope.clearKey, key }) as const)
      const queued = gate.queue(all, error)
      this.#space.publish(() => ({ type: 'removalQueued', error: queued }))
      throw queued
    } finally {
      forget()
    }
  }
}

/** Sends what was queued while the storage was out. */
export async function execute(values: ValueStorage, work: JournalWork, send: Send): Promise<void> {
  if (work.kind === 'keys') {
    await send(() => values.remove(work.keys))
    return
  }
  let position: string | undefined
  do {
    const from = position
    position = (await send(() => values.removeMatching(work, from))).position
  } while (position !== undefined)
}
