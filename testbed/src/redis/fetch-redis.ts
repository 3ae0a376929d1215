import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { RedisServerBinary } from './find-redis.ts'

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
  const { cacheDir = defaultCacheDir() } = options
  const home = join(cacheDir, `redis-${process.platform}-${process.arch}`)
  if (!existsSync(home)) await unpackInto(home, cacheDir)
  return serverIn(home)
}

async function unpackInto(home: string, cacheDir: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true })
  // Unpacked aside and renamed, so that the cache never holds half a server, whoever else is fetching.
  const work = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    await download(work).catch(async () => {
      // The machine's package lists are missing or out of date. Private ones need no root.
      await apt(work, ['update', ...privateLists(work)])
      await download(work, privateLists(work))
    })
    const root = join(work, 'root')
    for (const archive of globSync('*.deb', { cwd: work })) {
      await run('dpkg-deb', ['--extract', join(work, archive), root])
    }
    await run(serverIn(root).path, ['--version'], { env: { ...process.env, ...serverIn(root).env } })
    await rename(root, home).catch((error: unknown) => {
      if (!existsSync(home)) throw error // someone else was faster: theirs is as good
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
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

function privateLists(work: string): string[] {
  return ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`]
}

async function apt(work: string, args: readonly string[]): Promise<string> {
  await mkdir(join(work, 'lists', 'partial'), { recursive: true })
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true })
  // apt run by root drops to a user who may not write into `work`.
  const sandbox = ['-o', 'APT::Sandbox::User=root']
  const { stdout } = await run('apt-get', [...sandbox, ...args], {
    cwd: work,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    timeout: 120_000,
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout
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

function defaultCacheDir(): string {
  const xdg = process.env['XDG_CACHE_HOME']
  if (xdg) return join(xdg, 'holdfast')
  return resolve(import.meta.dirname, '../../../node_modules/.cache/holdfast')
}
