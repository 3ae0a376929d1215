import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isKept, keptDirectory } from '../debian/kept-directory.ts'
import { libraryPath, unpackPackage } from '../debian/unpack-package.ts'

/** A program, and the environment that it needs. */
export interface Program {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

/** This machine cannot have that program. The message says why. */
export class PrometheusNotFoundError extends Error {
  readonly code = 'HOLDFAST_TESTBED_PROMETHEUS_NOT_FOUND'
  override readonly name = 'PrometheusNotFoundError'
}

/** The package of Debian that has each program. Prometheus is a download of 19 MB, the exporter one of 3 MB. */
const packages = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-redis-exporter': 'prometheus-redis-exporter',
} as const

export type ProgramName = keyof typeof packages

/** `findProgram` has nothing to download. */
export function isProgramHere(name: ProgramName): boolean {
  return onPath(name) !== undefined || isKept(keptAs(packages[name]))
}

/**
 * On PATH, else unpacked from Debian's packages; nothing is installed.
 *
 * @throws PrometheusNotFoundError
 */
export async function findProgram(name: ProgramName): Promise<Program> {
  const path = onPath(name)
  if (path !== undefined) return { path, env: {} }
  const home = packages[name]
  const program = (root: string): string => join(root, 'usr/bin', name)
  // The packages that it depends on are for its pages in a browser.
  const isNeeded = (each: string): boolean => each === home
  try {
    const root = await keptDirectory(keptAs(home), (work) => unpackPackage(work, home, { isNeeded, program }))
    return { path: program(root), env: libraryPath(root) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PrometheusNotFoundError(
      `There is no ${name} on PATH, and Debian's could not be had: ${reason}`,
      { cause },
    )
  }
}

function keptAs(name: string): string {
  return `${name}-${process.platform}-${process.arch}`
}

function onPath(name: string): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter((place) => place !== '')
  return places.map((place) => join(place, name)).find((path) => existsSync(path))
}
