import type { Cache } from '@holdfast/core'

/** What of a cache lies under a path, as `cache size` shows it: `de/old`, `=user@2`, `de/=user`. */
export type CacheAtPath = Pick<Cache, 'remove'> & { readonly clear?: () => Promise<void> }

/** A definition has no `clear`: it ends with its namespace. */
export function cacheAt(cache: Cache, path: string): CacheAtPath {
  let at: Cache = cache
  for (const part of path === '' ? [] : path.split('/')) {
    if (part.startsWith('=')) {
      const [name = '', version] = part.slice(1).split('@')
      const definition = at.define<string, unknown>(
        unescaped(name),
        version === undefined ? {} : { version: unescaped(version) },
      )
      return { remove: (keys) => definition.remove(keys) }
    }
    at = at.namespace(unescaped(part))
  }
  return at
}

function unescaped(part: string): string {
  return part.replace(/%[0-9a-f]{2}/gi, decodeURIComponent)
}
