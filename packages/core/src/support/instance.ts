import { hostname } from 'node:os'
import { checkName } from '../check.ts'

/**
 * How this process is called in what people read: snapshots, `locks.inspect`, errors and events. Never in an answer to
 * an HTTP request. `given`, or host name and process id: `web-7f9c:4711`.
 */
export function instanceName(given: string | undefined): string {
  return given === undefined ? `${hostname()}:${process.pid}` : checkName('instance', given)
}
