import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * A directory that is filled once and then kept in the cache.
 *
 * `fill` gets a work directory and answers with the path in it that is to be kept. That one is renamed, so that the
 * cache never holds half of something, even while another process fills it.
 */
export async function keptDirectory(
  name: string,
  fill: (work: string) => Promise<string>,
  cacheDir: string = defaultCacheDir(),
): Promise<string> {
  const home = join(cacheDir, name)
  if (existsSync(home)) return home
  await mkdir(cacheDir, { recursive: true })
  const work = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    await rename(await fill(work), home).catch((error: unknown) => {
      if (!existsSync(home)) throw error // someone else was faster: theirs is as good
    })
    return home
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** `$XDG_CACHE_HOME/holdfast`, else `node_modules/.cache/holdfast`. */
function defaultCacheDir(): string {
  const xdg = process.env['XDG_CACHE_HOME']
  if (xdg) return join(xdg, 'holdfast')
  return resolve(import.meta.dirname, '../../../../node_modules/.cache/holdfast')
}
