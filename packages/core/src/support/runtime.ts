import { randomBytes } from 'node:crypto'

/**
 * What core takes from its surroundings: two clocks, timers and randomness. The simulator hands in a virtual one;
 * everything else uses {@link systemRuntime}.
 */
export interface Runtime {
  /** Milliseconds on a clock that never steps (it may stand still while the machine sleeps). */
  monotonicNow(): number
  /** Milliseconds since the epoch on this machine's clock, which may step. Never compared with the storage's. */
  wallNow(): number
  /**
   * Calls `fn` once after `ms`. A background timer does not keep the process alive; one that a caller waits for does.
   */
  setTimer(ms: number, fn: () => void, options?: { readonly background?: boolean }): Timer
  /**
   * Calls `fn` once, after the answers that have arrived by now were read. An event loop that was blocked fires its timers
   * before it reads its sockets: a deadline that is over may have been met.
   */
  afterReplies(fn: () => void): void
  /** A fresh, unguessable id: 22 characters of `A-Za-z0-9_-`. */
  randomId(): string
  /** A number in [0, 1), for jitter. */
  random(): number
}

/** A timer that runs until it fires or is cancelled. */
export interface Timer {
  cancel(): void
  /** Whether it keeps the process alive from now on. */
  keepAlive(yes: boolean): void
}

/** One moment on both local clocks. */
export interface Instant {
  readonly monotonic: number
  readonly wall: number
}

export function instant(runtime: Runtime): Instant {
  return { monotonic: runtime.monotonicNow(), wall: runtime.wallNow() }
}

/** Longest delay that Node's timers keep; a longer one is cut into pieces by {@link systemRuntime}. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

const ID_LENGTH = 22
/** Asking the system for randomness, and encoding it, costs more than an id: it is done for many at a time. */
const IDS_AT_A_TIME = 128
let pool = ''
let poolAt = 0

/** 132 bits: 22 characters of 6. */
function randomId(): string {
  if (poolAt === pool.length) {
    pool = randomBytes((IDS_AT_A_TIME * ID_LENGTH * 6) / 8).toString('base64url')
    poolAt = 0
  }
  poolAt += ID_LENGTH
  return pool.slice(poolAt - ID_LENGTH, poolAt)
}

/** Node's own, also when a test runner fakes it later: calls that take more than one turn end under faked timers, too. */
const nextTurn = setImmediate

/** The real clocks, timers and randomness of this process. */
export const systemRuntime: Runtime = {
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now(),
  randomId,
  random: () => Math.random(),
  // Immediates run after the sockets were read.
  afterReplies: (fn) => void nextTurn(fn),
  setTimer(ms, fn, options) {
    let remaining = ms
    let isBackground = options?.background ?? false
    let handle: ReturnType<typeof setTimeout>
    const arm = (): void => {
      const piece = Math.min(Math.max(0, remaining), LONGEST_TIMER_MS)
      remaining -= piece
      handle = setTimeout(() => (remaining > 0 ? arm() : fn()), piece)
      if (isBackground) handle.unref()
    }
    arm()
    return {
      cancel: () => clearTimeout(handle),
      keepAlive(yes) {
        isBackground = !yes
        if (yes) handle.ref()
        else handle.unref()
      },
    }
  },
}
