import type { RouteName } from './contract.ts'

/** An app that serves the contract, and what can be done to it and to its storage. */
export interface HttpTarget extends Capabilities {
  readonly url: string
  /** Why it does not serve what a case needs; shown with every case that needs it. */
  readonly missing?: Partial<Readonly<Record<Need | RouteName, string>>>
}

/** What a case may need: what a target must say that it has, and what it has unless it says that it has not. */
export type Need = Capability | Feature

/**
 * What a target can do besides answering; a case that needs what is not there is reported as not applicable. The
 * reasons are the target's.
 */
export interface Capabilities {
  /** Another instance of the app on the same storage. */
  readonly second?: () => Promise<Instance>
  /** The app in a separate process, on the same storage. */
  readonly spawn?: () => Promise<AppProcess>
  /** An instance whose way to the storage can be broken. */
  readonly faults?: () => Promise<FaultyInstance>
  /** Makes what is stored for this key of `POST /charge` unreadable for the app. */
  readonly spoil?: (key: string) => Promise<void>
  /** It answers in Holdfast's own words and numbers, and is held to them. */
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

/** What every target has that does not say in `missing` that it has not. */
export const features = [
  /** Requests without a key can be refused. */
  'required',
  /** The library reads the header itself, so that its syntax is not the app's affair. */
  'keySyntax',
  /** A key may have 255 bytes and no more. */
  'keyLimit',
  /** A claim whose process is silent can be taken over. */
  'takeover',
  /** Answers may be streams and raw bytes, and not only values. */
  'streams',
  /** No body and an empty object differ. */
  'noBody',
  /** Idempotent jobs, in the same storage. */
  'jobs',
  /** A request can name a watchdog, which answers while the handler works. */
  'watchdog',
] as const

export type Feature = (typeof features)[number]

export interface Instance {
  readonly url: string
  /** Ends it as its operator would; a second call is harmless. */
  close(): Promise<void>
}

export interface AppProcess extends Instance {
  /** SIGKILL; settles when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP. */
  pause(): Promise<void> | void
  /** SIGCONT. */
  resume(): Promise<void> | void
}

export interface FaultyInstance extends Instance {
  /** Nothing passes between app and storage any more, and the app's connections break. */
  cut(): Promise<void>
  /** Everything passes again. */
  heal(): Promise<void>
  /**
   * The n-th command that the app sends from now on is carried out, and the connection breaks instead of its reply.
   * The answer takes it back, if it has not happened yet.
   */
  loseReply(nth: number): () => void
  /** The storage forgets what it was taught (Redis: its scripts), but no data. */
  forgetScripts(): Promise<void>
}
