/** An app that serves the contract, and what can be done to it and to its storage. */
export interface HttpTarget extends Capabilities {
  readonly url: string
}

/**
 * What a target can do besides answering; a case that needs what is not there is reported as not applicable. The
 * reasons are the target's.
 */
export interface Capabilities {
  /** Another instance of the app on the same storage. */
  readonly second?: () => Promise<Instance>
  /** The app in a process of its own, on the same storage. */
  readonly spawn?: () => Promise<AppProcess>
  /** An instance whose way to the storage can be broken. */
  readonly faults?: () => Promise<FaultyInstance>
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

export interface Instance {
  readonly url: string
  /** Ends it as its operator would. */
  close(): Promise<void>
}

export interface AppProcess extends Instance {
  readonly pid: number
  /** SIGKILL; settles when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP. */
  pause(): void
  /** SIGCONT. */
  resume(): void
}

export interface FaultyInstance extends Instance {
  /** Nothing passes between app and storage any more, and the app's connections break. */
  cut(): Promise<void>
  /** Everything passes again; settles when the app is connected. */
  heal(): Promise<void>
  /** The next write of an execution is carried out, and the connection breaks instead of its answer. */
  loseNextAnswer(): Promise<void>
  /** The storage forgets what it was taught (Redis: its scripts), but no data. */
  forgetScripts(): Promise<void>
}

export type Capability = keyof Capabilities
