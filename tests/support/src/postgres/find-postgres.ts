import { existsSync, globSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { isKept, keptDirectory } from '../debian/kept-directory.ts'
import { libraryPath, unpackPackage } from '../debian/unpack-package.ts'

/** Where `postgres` and `initdb` are, and the environment that they need. */
export interface PostgresBinaries {
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Where they were unpacked, with their libraries. Absent when they are the machine's own. */
  readonly root?: string
}

/** This machine cannot have a PostgreSQL server. The message says why. */
export class PostgresNotFoundError extends Error {
  readonly code = 'HOLDFAST_TESTBED_POSTGRES_NOT_FOUND'
  override readonly name = 'PostgresNotFoundError'
}

const KEPT = `postgres-${process.platform}-${process.arch}`

/** `findPostgres` has nothing to download. */
export function isPostgresHere(): boolean {
  return installed() !== undefined || isKept(KEPT)
}

function installed(): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...globSync('/usr/lib/postgresql/*/bin')]
  return places.find((place) => ['postgres', 'initdb'].every((name) => existsSync(join(place, name))))
}

/** On PATH, where Debian installs it, else unpacked from Debian's packages; nothing is installed. */
export async function findPostgres(): Promise<PostgresBinaries> {
  const found = installed()
  // The server finds its files relative to where it really is.
  if (found !== undefined) return { directory: dirname(realpathSync(join(found, 'postgres'))), env: {} }
  try {
    return unpackedIn(await keptDirectory(KEPT, unpack))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PostgresNotFoundError(
      `There is no PostgreSQL on PATH, and Debian's could not be had: ${reason}`,
      { cause },
    )
  }
}

/** The query compiler is half of the download, and is loaded only on request. */
const NOT_NEEDED = /^(libllvm|perl|libperl|postgresql-common|postgresql-client-common|ssl-cert|locales)/

function unpack(work: string): Promise<string> {
  return unpackPackage(work, 'postgresql', {
    isNeeded: (name) => !NOT_NEEDED.test(name),
    program: (root) => join(binariesIn(root), 'postgres'),
  })
}

/** The binaries in a directory of unpacked packages, which may have been moved or copied. */
export function unpackedIn(root: string): PostgresBinaries {
  return { directory: binariesIn(root), env: libraryPath(root), root }
}

function binariesIn(root: string): string {
  const [directory] = globSync('usr/lib/postgresql/*/bin', { cwd: root })
  if (directory === undefined) throw new Error('the packages hold no postgres')
  return join(root, directory)
}
