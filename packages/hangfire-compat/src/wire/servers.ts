import { InvalidArgumentError } from '@holdfast/core'
import {
  checkText,
  dateOf,
  definedFields,
  type Fields,
  integerOf,
  optional,
  optionalDateOf,
} from './fields.ts'
import { type DateDialect, encodeDate } from './dates.ts'

/** What a server says of itself. */
export interface ServerAnnouncement {
  readonly startedAt: number
  readonly workerCount?: number
  /** The last sign of life. A server that has just started has none yet. */
  readonly heartbeat?: number
}

/**
 * `<name in lower case>:<pid>:<guid>`, as .NET makes them.
 *
 * @throws InvalidArgumentError
 */
export function serverId(name: string, pid: number, guid: string): string {
  return `${checkText('the name of the server', name).toLowerCase()}:${pid}:${guid}`
}

/** The hash of a server. It always has `StartedAt`: without it every .NET server's watchdog throws for ever. */
export function encodeServer(server: ServerAnnouncement, dates: DateDialect): Record<string, string> {
  const { startedAt, workerCount, heartbeat } = server
  if (workerCount !== undefined && !(Number.isSafeInteger(workerCount) && workerCount >= 0))
    throw new InvalidArgumentError(`workerCount must be a whole number from 0; got ${workerCount}.`)
  return definedFields({
    WorkerCount: workerCount === undefined ? undefined : String(workerCount),
    StartedAt: encodeDate(startedAt, dates),
    Heartbeat: heartbeat === undefined ? undefined : encodeDate(heartbeat, dates),
  })
}

/** What the hash of a server in Node says beside its announcement. .NET reads the fields that it knows, and leaves others. */
export const NODE_SERVER = { Holdfast: '1' } as const

/** Whether the hash is of a server in Node, which runs jobs of interfaces; .NET cannot. */
export function isNodeServer(fields: Fields): boolean {
  return fields.Holdfast === NODE_SERVER.Holdfast
}

/** @throws HangfireUnreadableError also for a hash without `StartedAt`, which is left by a heartbeat after a removal */
export function decodeServer(fields: Fields): ServerAnnouncement {
  return {
    startedAt: dateOf(fields, 'StartedAt', 'the server'),
    ...optional('workerCount', integerOf(fields, 'WorkerCount', 'the server')),
    ...optional('heartbeat', optionalDateOf(fields, 'Heartbeat', 'the server')),
  }
}
