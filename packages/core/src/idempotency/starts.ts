import { StorageUnavailableError } from '../errors.ts'
import type { Instant } from '../runtime.ts'
import type { Answered, StorageCalls } from '../storage-calls.ts'
import type { RecordEntry, RecordKey, RecordWrite } from '../storage/records.ts'
import { type BeginCommand, decide } from './decide.ts'
import { Execution, type View } from './execution.ts'
import { keyText } from './observation.ts'
import type { ResolvedOptions } from './options.ts'
import { type Current, type ExecutingRecord, type ExecutionRecord, currentOf } from './record.ts'

export interface Job {
  readonly jobType: string
  readonly jobKey: string
  readonly key: RecordKey
}

/** The execution is present when this very call started it. */
export interface StartAnswer {
  readonly view: View
  readonly execution?: Execution
}

interface ClaimReply {
  readonly won: boolean
  readonly entry: RecordEntry | null
  readonly now: number
}

/** How long an abandoned claim is chased; `notAfter` keeps it from being executed later than its deadline anyway. */
const COMPENSATION_MS = 10_000

/**
 * The writes that make an execution: claims of an absent key, takeovers and re-runs. One at a time per key and
 * process: the others share its answer, so a hundred duplicates cost the storage about one.
 */
export class Starts {
  readonly #calls: StorageCalls
  readonly #running: Map<string, Execution>
  readonly #underWay = new Map<string, Promise<StartAnswer>>()

  constructor(calls: StorageCalls, running: Map<string, Execution>) {
    this.#calls = calls
    this.#running = running
  }

  /** What this process knows without asking: the state of a key that it executes itself. */
  known(key: RecordKey): View | undefined {
    const local = this.#running.get(keyText(key))
    return local?.isOwner ? local.view() : undefined
  }

  /** The answer to a start of this key that is already on its way. */
  underWay(key: RecordKey): Promise<StartAnswer> | undefined {
    return this.#underWay.get(keyText(key))
  }

  /** Claims the key over `view`, which `decide` found to be free, or as absent without one. */
  start(
    job: Job,
    view: View | undefined,
    command: BeginCommand,
    options: ResolvedOptions,
  ): Promise<StartAnswer> {
    const text = keyText(job.key)
    const answer = this.#claim(job, view, command, options).finally(() => this.#underWay.delete(text))
    this.#underWay.set(text, answer)
    return answer
  }

  async #claim(
    job: Job,
    view: View | undefined,
    command: BeginCommand,
    options: ResolvedOptions,
  ): Promise<StartAnswer> {
    const current = view?.current ?? null
    const decision = decide(current, view?.now ?? 0, command)
    if (decision.type !== 'write') throw new TypeError(`a start was decided as ${decision.type}`)
    const { records } = this.#calls.storage
    const write = writeOf(decision.record, decision.ttlMs, this.#calls.runtime.randomId())
    let lastNotAfter = 0
    const send = async (notAfter: number): Promise<ClaimReply> => {
      lastNotAfter = notAfter
      if (current === null) {
        const { created, entry, now } = await records.createOrRead(job.key, { ...write, notAfter })
        return { won: created, entry, now }
      }
      const { ok, entry, now } = await records.compareAndSet(job.key, current.rev, { ...write, notAfter })
      return { won: ok, entry, now }
    }
    const isLate = ({ won, entry }: ClaimReply): boolean =>
      !won && (entry?.rev ?? null) === (current?.rev ?? null)
    let answer: Answered<ClaimReply>
    try {
      answer = await this.#calls.claim(send, isLate)
    } catch (error) {
      if (
        error instanceof StorageUnavailableError &&
        error.maybeApplied &&
        decision.record.status === 'executing'
      ) {
        void this.#compensate(job.key, current, write.writeId, command, lastNotAfter)
      }
      throw error
    }
    const { won, entry, now } = answer.reply
    if (isLate(answer.reply)) {
      throw new StorageUnavailableError(
        'The claim reached the storage too late; its clock may have been stepped.',
        {
          maybeApplied: false,
        },
      )
    }
    const stored = currentOf(entry)
    if (!won || stored?.record.status !== 'executing') return { view: { current: stored, now } }
    const started = { ...stored, record: stored.record }
    return { view: { current: stored, now }, execution: this.#adopt(job, started, answer.sentAt, options) }
  }

  #adopt(
    job: Job,
    started: Current & { readonly record: ExecutingRecord },
    sentAt: Instant,
    options: ResolvedOptions,
  ): Execution {
    const text = keyText(job.key)
    const execution = new Execution(this.#calls, job.key, job, options, started, sentAt)
    this.#running.set(text, execution)
    execution.observe((view) => {
      const over = view === 'lost' || view.current?.record.status !== 'executing'
      if (over && this.#running.get(text) === execution) this.#running.delete(text)
    })
    return execution
  }

  /**
   * Nobody will run what a claim with an unseen answer may have started: take it back, so that the key is not blocked
   * for a lease. A first start is deleted, which also voids it if it is still under way. A takeover is given back
   * instead, uncounted and with its checkpoint; it cannot come later than its `notAfter`, which is over by now.
   */
  async #compensate(
    key: RecordKey,
    current: Current | null,
    writeId: string,
    command: BeginCommand,
    notAfter: number,
  ): Promise<void> {
    const { records } = this.#calls.storage
    const send = <T>(request: () => Promise<T>): Promise<Answered<T>> =>
      this.#calls.call(request, COMPENSATION_MS, { background: true })
    try {
      if (current === null) {
        await send(() => records.compareAndDelete(key, { writeId, notAfter }))
        return
      }
      const { reply } = await send(() => records.read(key))
      const left = currentOf(reply.entry)
      const { executionId, ttlMs } = command
      const decision = decide(left, reply.now, { type: 'release', executionId, ttlMs })
      if (left === null || decision.type !== 'write') return
      const release = writeOf(decision.record, decision.ttlMs, this.#calls.runtime.randomId())
      await send(() => records.compareAndSet(key, left.rev, release))
    } catch {
      // Still unreachable: the lease ends it.
    }
  }
}

function writeOf(record: ExecutionRecord, ttlMs: number, writeId: string): RecordWrite {
  return { writeId, value: JSON.stringify(record), ttlMs, notify: true }
}
