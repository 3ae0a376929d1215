import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { apt, extractPackages, privateLists } from './apt.ts'
import type { RedisServerBinary } from './find-redis.ts'
import { keptDirectory } from './kept-directory.ts'

const run = promisify(execFile)

export interface FetchRedisOptions {
  /** Where the unpacked server is kept. Default: `$XDG_CACHE_HOME/holdfast`, else `node_modules/.cache/holdfast`. */
  readonly cacheDir?: string
}

/**
 * Unpacks Debian's redis-server, and the libraries this machine lacks for it, into a cache directory.
 *
 * It is never installed: that would need root, and would start a service on the default port. The machine's own
 * package sources are used, so what its administrator configured (mirror, proxy, suite) holds here as well.
 */
export async function fetchRedisServer(options: FetchRedisOptions = {}): Promise<RedisServerBinary> {
  const home = await keptDirectory(`redis-${process.platform}-${process.arch}`, unpackInto, options.cacheDir)
  return serverIn(home)
}

async function unpackInto(work: string): Promise<string> {
  await download(work).catch(async () => {
    // The machine's package lists are missing or out of date. Private ones need no root.
    await apt(work, ['update', ...privateLists(work)])
    await download(work, privateLists(work))
  })
  const root = await extractPackages(work)
  await run(serverIn(root).path, ['--version'], { env: { ...process.env, ...serverIn(root).env } })
  return root
}

/** Lets apt itself work out which packages are missing here, then downloads exactly those. */
async function download(work: string, aptOptions: readonly string[] = []): Promise<void> {
  const plan = await apt(work, [
    'install',
    '--simulate',
    '--no-install-recommends',
    ...aptOptions,
    'redis-server',
  ])
  const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name as string)
  if (packages.length === 0) throw new Error('apt would install nothing for redis-server')
  await apt(work, ['download', ...aptOptions, ...packages])
}

function serverIn(root: string): RedisServerBinary {
  const libraries = globSync('{usr/lib,lib}/*-linux-gnu*', { cwd: root }).map((directory) =>
    join(root, directory),
  )
  const inherited = process.env['LD_LIBRARY_PATH']
  return {
    path: join(root, 'usr/bin/redis-server'),
    env: { LD_LIBRARY_PATH: [...libraries, ...(inherited ? [inherited] : [])].join(':') },
  }
}
