import type { RouteName } from './contract.ts'

/** An app that serves the contract, and what the runner can do to the app and to its storage. */
export interface HttpTarget extends Capabilities {
  readonly url: string
  /** Why the target lacks a feature; shown with every case that needs it. */
  readonly missing?: Partial<Readonly<Record<Need | RouteName, string>>>
}

/** The features that a case may need: those that a target must declare, and those that it has unless it declares otherwise. */
export type Need = Capability | Feature

/**
 * What a target can do besides answering. The runner reports a case that needs a missing feature as not applicable, with
 * the reason that the target gives.
 */
export interface Capabilities {
  /** Another instance of the app on the same storage. */
  readonly second?: () => Promise<Instance>
  /** The app in a separate process, on the same storage. */
  readonly spawn?: () => Promise<AppProcess>
  /** An instance whose connection to the storage can be broken. */
  readonly faults?: () => Promise<FaultyInstance>
  /** Makes what is stored for this key of `POST /charge` unreadable for the app. */
  readonly spoil?: (key: string) => Promise<void>
  /** The target must answer with Holdfast's status codes, problem documents and headers. */
  readonly dialect?: 'holdfast'
  /** `GET /kit/events` is served. */
  readonly events?: true
  /** `GET /openapi.json` is served. */
  readonly openapi?: true
  /** Handlers can answer with a web `Response`. */
  readonly webResponse?: true
  /** Bodies of `multipart/form-data` are parsed. */
  readonly multipart?: true
  /** Long answers are compressed when the request accepts it. */
  readonly compression?: true
}

export type Capability = keyof Capabilities

export const capabilities = [
  'second',
  'spawn',
  'faults',
  'spoil',
  'dialect',
  'events',
  'openapi',
  'webResponse',
  'multipart',
  'compression',
] as const satisfies readonly Capability[]

/** The features that every target has unless it lists them in `missing`. */
export const features = [
  /** Requests without a key can be refused. */
  'required',
  /** The library parses the header itself, not the app. */
  'keySyntax',
  /** A key may have 255 bytes and no more. */
  'keyLimit',
  /** Another process can take over the claim of a process that stopped renewing it. */
  'takeover',
  /** Answers may be streams and raw bytes, and not only values. */
  'streams',
  /** No body and an empty object differ. */
  'noBody',
  /** Idempotent jobs, in the same storage. */
  'jobs',
  /** A request can name a watchdog, which answers while the handler runs. */
  'watchdog',
] as const

export type Feature = (typeof features)[number]

export interface Instance {
  readonly url: string
  /** Shuts the app down as an operator would; a second call is harmless. */
  close(): Promise<void>
}

export interface AppProcess extends Instance {
  /** SIGKILL; settles when the process has ended. */
  kill(): Promise<void>
  /** SIGSTOP. */
  pause(): Promise<void> | void
  /** SIGCONT. */
  resume(): Promise<void> | void
}

export interface FaultyInstance extends Instance {
  /** Breaks the app's connections to the storage, and lets nothing pass from then on. */
  cut(): Promise<void>
  /** Lets everything pass again. */
  heal(): Promise<void>
  /**
   * The storage executes the n-th command that the app sends from now on, and the connection breaks instead of the reply.
   * The returned function cancels the fault if it has not happened yet.
   */
  loseReply(nth: number): () => void
  /** The storage forgets its loaded scripts, but no data. */
  forgetScripts(): Promise<void>
}
