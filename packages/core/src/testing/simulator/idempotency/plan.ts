import type { ResolvedOptions } from '../../../idempotency/options.ts'
import type { Random } from '../random.ts'
import type { PlannedOperation } from '../workload.ts'

/** What holds for all operations of one history. */
export interface Profile {
  readonly leaseMs: number
  readonly callTimeoutMs: number
  readonly completedWindowMs: number
  readonly keys: readonly string[]
}

export type Operation = PlannedOperation & { readonly key: string } & (
    | { readonly kind: 'run' | 'begin' | 'tryStart'; readonly start: Start; readonly body: BodyPlan }
    /** Runs it about when a window or a retry delay ends: its call leaves so long before. */
    | { readonly kind: 'press'; readonly start: Start; readonly body: BodyPlan; readonly earlyMs: number }
    | { readonly kind: 'waitForCompletion' | 'watch'; readonly forMs: number }
    | { readonly kind: 'status' | 'isExecuting' | 'list' | 'forget' | 'requestCancel' }
    | { readonly kind: 'cleanUp'; readonly olderThanMs: number }
  )

export interface Start {
  readonly options: Pick<
    ResolvedOptions,
    'onCompleted' | 'onFailed' | 'onStalled' | 'maxAttempts' | 'waitMs' | 'completedWindowMs'
  > & { readonly fingerprint?: string; readonly onInProgress: 'reject' | 'wait' }
  /** Its caller loses patience: the signal of the wait is aborted. */
  readonly abortAfterMs: number | undefined
}

export interface BodyPlan {
  readonly steps: readonly Step[]
  readonly end: 'return' | 'throw' | 'throwLater' | 'throwFinal' | 'release' | 'dispose'
  /** It works on although its signal says that it lost the key. */
  readonly deaf: boolean
}

type Step =
  | { readonly kind: 'work' | 'stall'; readonly ms: number }
  | { readonly kind: 'progress'; readonly percentage: number }
  | { readonly kind: 'checkpoint' | 'extendTimeout' | 'nested' }

export const JOB_TYPE = 'job'
/** What bodies start inside of bodies. */
export const NESTED_JOB_TYPE = 'nested'

/** How long no process is to run again what failed and asked for that. */
export const RETRY_AFTER_MS = 400

/** How many press at once. */
const CROWD = 4

/** No lease of a workload is longer. */
export const LONGEST_LEASE_MS = 2_000

export function drawProfile(random: Random): Profile {
  return {
    leaseMs: random.pick([500, 1_000, LONGEST_LEASE_MS]),
    callTimeoutMs: random.pick([400, 700, 1_500]),
    completedWindowMs: random.pick([0, 800, 4_000]),
    keys: random.chance(0.7) ? ['a'] : ['a', 'b'],
  }
}

export function drawOperations(
  random: Random,
  profile: Profile,
  processes: number,
  calmFrom: number,
): Operation[] {
  const commonOf = (id: number): Pick<Operation, 'id' | 'at' | 'process' | 'key'> => ({
    id,
    at: random.between(0, calmFrom * 0.9),
    process: random.int(0, processes - 1),
    key: random.pick(profile.keys as [string, ...string[]]),
  })
  const count = random.int(10, 22)
  const operations = Array.from({ length: count }, (_, id): Operation => {
    const common = commonOf(id)
    const drawn = random.next()
    if (drawn < 0.62) return { ...common, kind: 'run', ...drawStart(random, profile) }
    if (drawn < 0.76) return { ...common, kind: 'begin', ...drawStart(random, profile) }
    if (drawn < 0.8) return { ...common, kind: 'tryStart', ...drawStart(random, profile) }
    if (drawn < 0.87) {
      const kind = random.pick(['waitForCompletion', 'watch'] as const)
      return { ...common, kind, forMs: random.between(0, 3) * profile.leaseMs }
    }
    if (drawn < 0.92) return { ...common, kind: random.pick(['status', 'isExecuting', 'list'] as const) }
    if (drawn < 0.95) return { ...common, kind: 'requestCancel' }
    if (drawn < 0.975) return { ...common, kind: 'forget' }
    return { ...common, kind: 'cleanUp', olderThanMs: random.pick([0, 500, 5_000]) }
  })
  // Side by side: one of them may come within the millisecond in which the window ends.
  for (let crowds = random.int(0, 2); crowds > 0; crowds -= 1) {
    const { at, key } = commonOf(operations.length)
    for (let each = 0; each < CROWD; each += 1) {
      const common = { ...commonOf(operations.length), at, key }
      const earlyMs = random.between(0.1, 1.1)
      operations.push({ ...common, kind: 'press', earlyMs, ...drawStart(random, profile) })
    }
  }
  return operations
}

function drawStart(random: Random, profile: Profile): { readonly start: Start; readonly body: BodyPlan } {
  const { leaseMs, completedWindowMs } = profile
  const fingerprint = random.chance(0.3) ? (random.chance(0.85) ? 'usual' : 'other') : undefined
  const whenBusy = random.pick(['reject', 'reject', 'wait', 'waitForever'] as const)
  const options = {
    onInProgress: whenBusy === 'reject' ? whenBusy : 'wait',
    onCompleted: random.chance(0.9) ? 'replay' : 'rerun',
    onFailed: random.chance(0.85) ? 'rerun' : 'replay',
    onStalled: random.pick(['takeOver', 'takeOver', 'takeOver', 'takeOver', 'fail', 'reject'] as const),
    maxAttempts: random.chance(0.85) ? Infinity : random.int(2, 4),
    waitMs: random.between(0.2, 4) * leaseMs * (whenBusy === 'waitForever' ? Infinity : 1),
    completedWindowMs,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  } as const
  const isPatient = whenBusy !== 'waitForever' && random.chance(0.9)
  const start = { options, abortAfterMs: isPatient ? undefined : random.between(0.2, 6) * leaseMs }
  return { start, body: drawBody(random, leaseMs) }
}

function drawBody(random: Random, leaseMs: number): BodyPlan {
  const steps: Step[] = []
  const count = random.int(0, 4)
  let percentage = 0
  for (let step = 0; step < count; step += 1) {
    const drawn = random.next()
    if (drawn < 0.45) steps.push({ kind: 'work', ms: random.next() ** 2 * 2 * leaseMs })
    else if (drawn < 0.55) steps.push({ kind: 'stall', ms: random.next() ** 2 * 2.5 * leaseMs })
    else if (drawn < 0.8) steps.push({ kind: 'progress', percentage: (percentage += random.int(-5, 30)) })
    else if (drawn < 0.92) steps.push({ kind: 'checkpoint' })
    else steps.push({ kind: random.pick(['extendTimeout', 'nested'] as const) })
  }
  const end = random.next()
  return {
    steps: steps.map((step) =>
      step.kind === 'progress' ? { ...step, percentage: Math.min(100, Math.max(0, step.percentage)) } : step,
    ),
    end:
      end < 0.7
        ? 'return'
        : end < 0.85
          ? random.pick(['throw', 'throwLater'] as const)
          : end < 0.88
            ? 'throwFinal'
            : end < 0.95
              ? 'release'
              : 'dispose',
    deaf: random.chance(0.4),
  }
}
