import { type HangfireJob, signatureOf } from '../jobs/job-definition.ts'
import type { Invocation } from '../wire/invocation.ts'
import { checkLoadable } from '../wire/type-name.ts'

type AnyJob = HangfireJob<readonly unknown[], never>

/** Definitions by the call that they stand for. In .NET an attribute says which queue a method has; here its definition does. */
export interface KnownJobs {
  /** @throws InvalidArgumentError in a shared prefix for a type that .NET cannot load: it would fail there, or disable itself */
  add(job: AnyJob): void
  /** The definition of a call, however its types are spelt. */
  find(call: Invocation): AnyJob | undefined
}

export function knownJobs(mode: 'shared' | 'own'): KnownJobs {
  const bySignature = new Map<string, AnyJob>()
  const seen = new WeakSet<AnyJob>()
  return {
    add(job) {
      if (seen.has(job)) return
      if (mode === 'shared')
        checkLoadable(`In a prefix that .NET shares, the type of ${job.method}`, job.type)
      seen.add(job)
      bySignature.set(signatureOf(job), job)
    },
    find: (call) => bySignature.get(signatureOf(call)),
  }
}
