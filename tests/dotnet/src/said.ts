import type { SaidJob, SaidPages } from '@holdfast/test-support/hangfire'

/** What the program says, by the event of the line. Members that Hangfire names begin with a capital. */
export interface Events {
  readonly driving: { readonly pid: number; readonly dashboard: string | null }
  readonly started: { readonly name: string; readonly pid: number }
  readonly stopped: object
  readonly created: { readonly id: string; readonly kind: string; readonly Queue: string | null }
  readonly enqueued: { readonly count: number; readonly ms: number }
  readonly delete: { readonly id: string; readonly done: boolean }
  readonly requeue: { readonly id: string; readonly done: boolean }
  readonly triggered: { readonly job: string | null }
  readonly recurring: SaidRecurring
  readonly stats: SaidPages
  readonly job: SaidJob
  readonly acquired: { readonly resource: string; readonly waitedMs: number }
  readonly released: { readonly resource: string }
  readonly timeout: { readonly resource: string; readonly reported: string }
  /** `inside`: how many are, this one included. */
  readonly enter: { readonly name: string; readonly inside: number }
  readonly leave: { readonly name: string; readonly left: number }
  /** Just before it commits. */
  readonly state: {
    readonly id: string
    readonly from: string | null
    readonly to: string
    readonly Reason: string | null
  }
  readonly performing: { readonly id: string; readonly server: string }
  readonly performed: { readonly id: string; readonly result: string | null; readonly error: string | null }
  readonly log: { readonly message: string }
  readonly critical: { readonly message: string }
  readonly cleanup: object
  readonly kinds: Readonly<Record<string, unknown>>
  /** A page that would answer 500, or a command that failed. */
  readonly error: { readonly where: string | null; readonly type: string; readonly message: string }
  /** The end of a command. */
  readonly done: { readonly line: number; readonly code: number }
}

export type EventName = keyof Events

/** A line. */
export type Said = {
  readonly [E in EventName]: Events[E] & { readonly event: E; readonly at: number }
}[EventName]

export type SaidOf<E extends EventName> = Extract<Said, { readonly event: E }>

/** For `filter` and `find`. */
export function says<E extends EventName>(event: E): (line: Said) => line is SaidOf<E> {
  return (line): line is SaidOf<E> => line.event === event
}

export interface SaidRecurring {
  readonly Id: string
  readonly Cron: string
  readonly Queue: string
  readonly job: string | null
  readonly NextExecution: string | null
  readonly LastExecution: string | null
  readonly LastJobId: string | null
  readonly LastJobState: string | null
  readonly Error: string | null
}
