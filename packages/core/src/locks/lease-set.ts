import type { Lease, ReleaseOutcome } from './lease.ts'

/** Several locks held together; each lease in it is renewed and can be lost by itself. */
export interface LeaseSet extends AsyncDisposable {
  /** In the order in which the names were given. */
  readonly leases: readonly Lease[]
  /** Aborts as soon as one of them does. */
  readonly signal: AbortSignal
  /** The shortest of theirs. */
  remainingMs(): number
  /** Throws `LeaseLostError` unless all are certainly held now. */
  assertValid(): void
  /** Extends all; rejects when one could not be extended. */
  extend(additionalMs: number): Promise<void>
  /** Releases all, and says the worst: one lost is `'lost'`, else one expired is `'expired'`. */
  release(): Promise<ReleaseOutcome>
}

export function leaseSet(leases: readonly Lease[]): LeaseSet {
  let signal: AbortSignal | undefined
  return {
    leases,
    get signal() {
      return (signal ??= AbortSignal.any(leases.map((lease) => lease.signal)))
    },
    remainingMs: () => Math.min(...leases.map((lease) => lease.remainingMs())),
    assertValid: () => {
      for (const lease of leases) lease.assertValid()
    },
    extend: async (additionalMs) => {
      await Promise.all(leases.map((lease) => lease.extend(additionalMs)))
    },
    release: async () => {
      const outcomes = await Promise.all(leases.map((lease) => lease.release()))
      return (
        outcomes.find((outcome) => outcome === 'lost') ??
        outcomes.find((outcome) => outcome !== 'released') ??
        'released'
      )
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()))
    },
  }
}
