import type { Random } from '../random.ts'
import type { PlannedOperation } from '../workload.ts'

/** What holds for all operations of one history. */
export interface Profile {
  readonly callTimeoutMs: number
  readonly claimMs: number
  readonly leaseMs: number
  /** Names of locks, and of semaphores with their permits. */
  readonly places: readonly Place[]
  /** Some operations wait for the replica. */
  readonly isReplicated: boolean
}

export interface Place {
  readonly name: string
  /** 0 for a lock. */
  readonly permits: number
}

export type Operation = PlannedOperation & { readonly place: Place } & (
    | {
        readonly kind: 'acquire' | 'run' | 'tryAcquire' | 'acquireAll'
        readonly leaseMs: number
        readonly waitMs: number
        readonly maxHoldMs: number | undefined
        readonly abortAfterMs: number | undefined
        /** How long to wait for the replica to confirm; undefined: not at all. */
        readonly confirmedInMs: number | undefined
        readonly body: BodyPlan
      }
    | { readonly kind: 'inspect' | 'revoke' }
  )

export interface BodyPlan {
  readonly steps: readonly Step[]
  readonly throws: boolean
  /** It works on although it learned that the lease is lost. */
  readonly deaf: boolean
  /** It never gives the lease back. */
  readonly forgetful: boolean
}

interface Step {
  readonly kind: 'work' | 'stall' | 'extend'
  readonly ms: number
}

export function drawProfile(random: Random): Profile {
  const leaseMs = random.pick([400, 1_000, 2_000])
  const permits = random.pick([0, 0, 0, 1, 2, 3])
  const first = { name: 'a', permits }
  return {
    callTimeoutMs: random.pick([400, 700, 1_500]),
    claimMs: random.pick([50, 300, 3_000]),
    leaseMs,
    places: random.chance(0.7) ? [first] : [first, { name: 'b', permits: 0 }],
    isReplicated: random.chance(0.3),
  }
}

export function drawOperations(
  random: Random,
  profile: Profile,
  processes: number,
  calmFrom: number,
): Operation[] {
  const count = random.int(8, 22)
  // Waiters come in crowds.
  const crowdAt = random.between(0, calmFrom * 0.5)
  return Array.from({ length: count }, (_, id) => {
    const common = {
      id,
      at: random.chance(0.3)
        ? crowdAt + random.between(0, profile.leaseMs)
        : random.between(0, calmFrom * 0.9),
      process: random.int(0, processes - 1),
      place: random.pick(profile.places as [Place, ...Place[]]),
    }
    const drawn = random.next()
    if (drawn < 0.05) return { ...common, kind: 'inspect' }
    if (drawn < 0.08) return { ...common, kind: 'revoke' }
    const kind = drawn < 0.5 ? 'acquire' : drawn < 0.75 ? 'run' : drawn < 0.92 ? 'tryAcquire' : 'acquireAll'
    const leaseMs = random.chance(0.7)
      ? profile.leaseMs
      : Math.floor(profile.leaseMs * random.between(0.2, 2))
    const isPatient = random.chance(0.75)
    const maxHoldMs = random.chance(0.2) ? random.between(0.3, 3) * profile.leaseMs : undefined
    const body = drawBody(random, profile.leaseMs, maxHoldMs)
    const waitsForEver = isPatient && random.chance(0.3)
    return {
      ...common,
      kind,
      leaseMs: Math.max(50, Math.min(leaseMs, LONGEST_LEASE_MS)),
      waitMs: waitsForEver
        ? Infinity
        : isPatient
          ? random.between(0.1, 5) * profile.leaseMs
          : random.chance(0.3)
            ? Infinity
            : random.between(0, 2) * profile.leaseMs,
      maxHoldMs: maxHoldMs ?? (body.forgetful ? random.between(1, 3) * profile.leaseMs : undefined),
      abortAfterMs: isPatient ? undefined : random.between(0, 4) * profile.leaseMs,
      confirmedInMs: profile.isReplicated && random.chance(0.8) ? random.pick([30, 100, 1_000]) : undefined,
      body,
    }
  })
}

/** No lease of a workload is longer, but for what a body adds to it. */
export const LONGEST_LEASE_MS = 3_000
export const LONGEST_EXTENSION_MS = 4_000

/** Half of those that may not hold for ever do not mind, and work on. */
function drawBody(random: Random, leaseMs: number, maxHoldMs: number | undefined): BodyPlan {
  if (maxHoldMs !== undefined && random.chance(0.5)) {
    const ms = maxHoldMs * random.between(1, 4)
    return { steps: [{ kind: 'work', ms }], throws: false, deaf: true, forgetful: false }
  }
  const steps = Array.from({ length: random.int(0, 3) }, () => {
    const drawn = random.next()
    const kind = drawn < 0.7 ? 'work' : drawn < 0.85 ? 'stall' : 'extend'
    return { kind, ms: 1 + random.next() ** 3 * 2 * leaseMs } as const
  })
  return { steps, throws: random.chance(0.1), deaf: random.chance(0.4), forgetful: random.chance(0.05) }
}
