import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * The events that processes saw. Nothing here comes from Holdfast's own counters.
 *
 * Instants are microseconds of CLOCK_MONOTONIC, which all processes of a machine share and no process sets. Each is taken
 * conservatively: `at` of `granted` and `valid` is an instant at which the process already knew that it owned the key,
 * `at` of `ending` is before the request was sent.
 *
 * `key` is what only one (or `permits`) may own at a time, `owner` one ownership of it: a lease's token, an execution's id.
 */
export type WitnessEvent =
  | Granted
  /** Owned at `at`, and certainly up to `until` if that is known. */
  | { readonly type: 'valid'; readonly at: number; readonly owner: string; readonly until?: number }
  | Ending
  /** The answer to the ending: accepted, refused, or unknown (null). */
  | { readonly type: 'ended'; readonly at: number; readonly owner: string; readonly accepted: boolean | null }
  /** A write of the owner during its ownership: a checkpoint, an extension. */
  | {
      readonly type: 'saved'
      readonly at: number
      readonly sentAt: number
      readonly owner: string
      readonly accepted: boolean
    }
  | Replayed
  /** The caller did not get the key: `why` is an outcome or the code of an error. For the figures. */
  | { readonly type: 'denied'; readonly at: number; readonly key: string; readonly why: string }
  /** Something that must never happen: an error without a code, an unhandled rejection. */
  | { readonly type: 'surprise'; readonly at: number; readonly what: string }
  | Wrote
  | Fault

export interface Granted {
  readonly type: 'granted'
  readonly at: number
  /** Before the request was sent. */
  readonly askedAt: number
  readonly key: string
  readonly owner: string
  readonly fence: number
  readonly attempt?: number
  /** How many may own the key at a time. Default: 1. */
  readonly permits?: number
  /** The replica had confirmed it before it was granted. */
  readonly durable?: true
}

export interface Ending {
  readonly type: 'ending'
  readonly at: number
  readonly owner: string
  readonly how: 'success' | 'failure' | 'release'
  readonly result?: string
}

export interface Replayed {
  readonly type: 'replayed'
  readonly at: number
  readonly key: string
  /** The execution whose result it is. */
  readonly owner: string
  readonly result: string
}

/** What the ledger did with a write: it refuses those whose fence is older than one it has seen. */
export interface Wrote {
  readonly type: 'wrote'
  readonly at: number
  readonly key: string
  readonly owner: string
  readonly fence: number
  /** The value that the writer had read. */
  readonly base: number
  /** The value that was stored. */
  readonly current: number
  readonly accepted: boolean
}

/**
 * A fault of the nemesis. `losesWrites`: writes that the storage acknowledged before its end may be gone afterwards.
 * `keepsReplicated`: except those that the replica had confirmed.
 */
export interface Fault {
  readonly type: 'fault'
  readonly at: number
  readonly until: number
  readonly kind: string
  readonly losesWrites?: true
  readonly keepsReplicated?: true
}

/** Microseconds of the machine's monotonic clock. */
export function clock(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

/** A file of events to which many processes append. Each line is one synchronous write. */
export class Witness {
  readonly #file: number
  readonly #name: string

  /** `name` is the process that saw the event, for people who read the file. */
  constructor(path: string, name: string) {
    this.#file = openSync(path, 'a')
    this.#name = name
  }

  record(event: WitnessEvent): void {
    writeSync(this.#file, `${JSON.stringify({ ...event, by: this.#name })}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}
