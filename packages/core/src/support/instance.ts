import { hostname } from 'node:os'
import { type Runtime, systemRuntime } from './runtime.ts'
import { STORAGE_CLIENT, type StorageClientOptions } from './storage-client.ts'
import { checkName } from './checks.ts'
import { type OptionTable, type Resolved, anything } from './option-table.ts'

/** What the features of an instance have in common beside their storage. */
export interface InstanceOptions extends StorageClientOptions {
  /**
   * Separates apps in one storage; all instances of an app have the same.
   * @default 'app'
   */
  readonly prefix?: string | undefined
  /**
   * What this process is called in snapshots, in `locks.inspect`, in messages of errors and in events, for people to read;
   * no answer of ours to an HTTP request shows it.
   * @default host name and process id (`web-7f9c:4711`)
   */
  readonly instance?: string | undefined
  /**
   * Time, timers and randomness, for tests.
   * @default the system's
   */
  readonly runtime?: Runtime | undefined
}

export const INSTANCE: OptionTable<InstanceOptions, 'instance'> = {
  prefix: [checkName, 'app'],
  instance: [checkName, undefined],
  ...STORAGE_CLIENT,
  runtime: [anything, systemRuntime],
}

export type ResolvedInstance = Resolved<InstanceOptions, 'instance'>

/** Whose the keys and events of a feature are. */
export interface Identity {
  /** As it was given, for events. */
  readonly prefix: string
  /** The prefix as a part of a storage key. Apps never share a key: the first `:` of a key ends it. */
  readonly app: string
  readonly instance: string
}

export function identityOf({ prefix, instance }: Pick<ResolvedInstance, 'prefix' | 'instance'>): Identity {
  return {
    prefix,
    app: appOf(prefix),
    instance: instance ?? `${hostname()}:${process.pid}`,
  }
}

/** The {@link Identity.app} of a prefix: every name that core gives a storage begins with it and `:`. */
export function appOf(prefix: string): string {
  return prefix.replace(/[%:]/g, encodeURIComponent)
}

/** The prefix that {@link appOf} makes this of. */
export function prefixOf(app: string): string {
  return app.replace(/%(?:25|3A)/g, decodeURIComponent)
}
