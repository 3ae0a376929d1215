import { join } from 'node:path'
import { isKept, keptDirectory } from '../debian/kept-directory.ts'
import { libraryPath, unpackPackage } from '../debian/unpack-package.ts'
import type { RedisServerBinary } from './server-binary.ts'

export interface FetchRedisOptions {
  /** Where the unpacked server is kept. Default: `$XDG_CACHE_HOME/holdfast`, else `node_modules/.cache/holdfast`. */
  readonly cacheDir?: string
}

const KEPT = `redis-${process.platform}-${process.arch}`

/** `fetchRedisServer` has nothing to download. */
export function isRedisServerFetched(): boolean {
  return isKept(KEPT)
}

/** Unpacks Debian's redis-server, and the libraries this machine lacks for it, into a cache directory. */
export async function fetchRedisServer({ cacheDir }: FetchRedisOptions = {}): Promise<RedisServerBinary> {
  const unpack = (work: string): Promise<string> => unpackPackage(work, 'redis-server', { program })
  const root = await keptDirectory(KEPT, unpack, cacheDir)
  return { path: program(root), env: libraryPath(root) }
}

function program(root: string): string {
  return join(root, 'usr/bin/redis-server')
}
