import { instant } from '../../../src/runtime.ts'
import { type Answered, StorageCalls } from '../../../src/storage-calls.ts'
import { Term } from '../../../src/validity.ts'
import type { Mutation } from './mutation.ts'

/** Decisions that locks and executions share. */
export const sharedMutations: readonly Mutation[] = [
  {
    name: 'no local deadline',
    like: 'redlock, redis-semaphore: a loss is found only in the reply to an extend',
    breakCore() {
      const { remainingMs } = Term.prototype
      Term.prototype.remainingMs = () => 1_000_000
      return () => void (Term.prototype.remainingMs = remainingMs)
    },
  },
  {
    name: 'lease counted from the reply',
    like: 'redlock-universal: the deadline starts when the answer has come',
    breakCore() {
      const call = StorageCalls.prototype.call
      StorageCalls.prototype.call = async function <T>(
        this: StorageCalls,
        ...args: Parameters<typeof call<T>>
      ): Promise<Answered<T>> {
        const { reply } = await call.apply<StorageCalls, typeof args, Promise<Answered<T>>>(this, args)
        return { reply, sentAt: instant(this.runtime) }
      }
      return () => void (StorageCalls.prototype.call = call)
    },
  },
]
