import { hostname } from 'node:os'
import type { Runtime } from '../runtime.ts'

/**
 * What a process calls itself in the storage: readable for people, unique for the protocol. Only characters that mean
 * nothing in any storage's encoding.
 */
export function processName(runtime: Runtime, instance: string | undefined): string {
  const label = (instance ?? `${hostname()}-${process.pid}`).replace(/[^\w-]+/g, '-').slice(-40)
  return `${label}~${runtime.randomId().slice(0, 8)}`
}

/** The readable part. */
export function instanceOf(process: string): string {
  return process.slice(0, process.lastIndexOf('~'))
}
