import { appendFileSync, readFileSync } from 'node:fs'

/** The events that processes saw, one complete line each. Nothing here comes from Holdfast's own counters. */
export interface Sight {
  readonly pid: number
  readonly what: string
  readonly [detail: string]: unknown
}

export function record(file: string, what: string, details: Readonly<Record<string, unknown>> = {}): void {
  appendFileSync(file, `${JSON.stringify({ pid: process.pid, what, ...details })}\n`)
}

export function seen(file: string, what?: string): Sight[] {
  const sights = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Sight)
  return what === undefined ? sights : sights.filter((sight) => sight.what === what)
}
