import { execFile } from 'node:child_process'
import { existsSync, globSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { apt, extractPackages, privateLists } from '../redis/apt.ts'
import { keptDirectory } from '../redis/kept-directory.ts'

const run = promisify(execFile)

/** Where `postgres` and `initdb` are, and what their environment needs. */
export interface PostgresBinaries {
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
}

/** This machine cannot have a PostgreSQL server. The message says why. */
export class PostgresNotFoundError extends Error {
  readonly code = 'HOLDFAST_TESTBED_POSTGRES_NOT_FOUND'
  override readonly name = 'PostgresNotFoundError'
}

/** On PATH, where Debian installs it, else unpacked from Debian's packages; nothing is installed. */
export async function findPostgres(): Promise<PostgresBinaries> {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...globSync('/usr/lib/postgresql/*/bin')]
  const found = places.find((place) => ['postgres', 'initdb'].every((name) => existsSync(join(place, name))))
  // The server finds its files relative to where it really is.
  if (found !== undefined) return { directory: dirname(realpathSync(join(found, 'postgres'))), env: {} }
  try {
    return binariesIn(await keptDirectory(`postgres-${process.platform}-${process.arch}`, unpackInto))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PostgresNotFoundError(
      `There is no PostgreSQL on PATH, and Debian's could not be had: ${reason}`,
      {
        cause,
      },
    )
  }
}

async function unpackInto(work: string): Promise<string> {
  await download(work).catch(async () => {
    await apt(work, ['update', ...privateLists(work)])
    await download(work, privateLists(work))
  })
  const root = await extractPackages(work)
  const { directory, env } = binariesIn(root)
  await run(join(directory, 'postgres'), ['--version'], { env: { ...process.env, ...env } })
  return root
}

/** What compiles queries is half of the download, and is loaded only where it is asked for. */
const NOT_NEEDED = /^(libllvm|perl|libperl|postgresql-common|postgresql-client-common|ssl-cert|locales)/

async function download(work: string, aptOptions: readonly string[] = []): Promise<void> {
  const plan = await apt(work, [
    'install',
    '--simulate',
    '--no-install-recommends',
    ...aptOptions,
    'postgresql',
  ])
  const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name as string)
  const wanted = packages.filter((name) => !NOT_NEEDED.test(name))
  if (wanted.length === 0) throw new Error('apt would install nothing for postgresql')
  await apt(work, ['download', ...aptOptions, ...wanted])
}

function binariesIn(root: string): PostgresBinaries {
  const [directory] = globSync('usr/lib/postgresql/*/bin', { cwd: root })
  if (directory === undefined) throw new Error('the packages hold no postgres')
  const libraries = globSync('{usr/lib,lib}/*-linux-gnu*', { cwd: root }).map((library) =>
    join(root, library),
  )
  return { directory: join(root, directory), env: { LD_LIBRARY_PATH: libraries.join(':') } }
}
