import { existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * A directory that is filled once and then kept in the cache.
 *
 * `fill` gets a work directory and returns the path in it to keep. That path is renamed, so the cache never holds a
 * partial directory, also when two processes fill it. A line on standard error says that it takes a while.
 */
export async function keptDirectory(
  name: string,
  fill: (work: string) => Promise<string>,
  cacheDir: string = defaultCacheDir(),
): Promise<string> {
  const home = join(cacheDir, name)
  if (existsSync(home)) return home
  process.stderr.write(`Downloading ${name} into ${cacheDir}. This happens once and takes some seconds.\n`)
  await mkdir(cacheDir, { recursive: true })
  const work = await mkdtemp(join(cacheDir, 'fetch-'))
  // Also when the process ends in the middle, as it does after Ctrl-C.
  const remove = (): void => rmSync(work, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    await rename(await fill(work), home).catch((error: unknown) => {
      if (!existsSync(home)) throw error // another process was faster: its directory is as good
    })
    return home
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/** Whether it has been filled, so that `keptDirectory` has nothing to download. */
export function isKept(name: string): boolean {
  return existsSync(join(defaultCacheDir(), name))
}

/** `$XDG_CACHE_HOME/holdfast`, else `node_modules/.cache/holdfast`. */
function defaultCacheDir(): string {
  const xdg = process.env['XDG_CACHE_HOME']
  if (xdg) return join(xdg, 'holdfast')
  return resolve(import.meta.dirname, '../../../../node_modules/.cache/holdfast')
}
