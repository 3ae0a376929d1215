import { InvalidArgumentError } from '../errors.ts'
import { checkName, refuse } from '../support/checks.ts'

const MOST_TAGS = 32

/**
 * A cache, or a namespace in it: whose keys these are, and which generations an entry needs to count. `path` is empty for
 * the cache itself.
 *
 * ```
 * <app>:<path>:<key>        an entry, a hash, a counter; the key verbatim, so that a hash tag in it counts
 * <app>:#g/<path>           the generation of a namespace: `clear` renews it
 * <app>:#c/<path>           renewed whenever any tag of the namespace is invalidated
 * <app>:#t/<path>:<tag>     the generation of a tag
 * <app>:#r/<path>:<key>     held by the process that loads an entry anew
 * ```
 */
export class Scope {
  readonly app: string
  readonly path: string
  /** Of the namespace, also for a definition in it: whose tags these are, and whose counts. */
  readonly namespacePath: string
  /** Of the cache and of every namespace down to this one: an entry is valid while it has them all. */
  readonly generationKeys: readonly string[]
  /** What keys of entries begin with. */
  readonly prefix: string
  readonly tagChangesKey: string

  private constructor(
    app: string,
    path: string,
    generationKeys: readonly string[],
    namespacePath: string = path,
  ) {
    this.app = app
    this.path = path
    this.namespacePath = namespacePath
    this.generationKeys = generationKeys
    this.prefix = `${app}:${path}:`
    this.tagChangesKey = `${app}:#c/${namespacePath}`
  }

  static root(app: string): Scope {
    return new Scope(app, '', [`${app}:#g/`])
  }

  /** Of a path as it stands in keys: names of namespaces, and at last perhaps that of a definition. */
  static at(app: string, path: string): Scope {
    const parts = path === '' ? [] : path.split('/')
    const levels = parts.filter((part) => !part.startsWith('='))
    const paths = levels.map((_, i) => levels.slice(0, i + 1).join('/'))
    return new Scope(app, path, [`${app}:#g/`, ...paths.map((each) => `${app}:#g/${each}`)], levels.join('/'))
  }

  namespace(name: string): Scope {
    const path = this.#join(escaped(checkName('namespace', name)))
    return new Scope(this.app, path, [...this.generationKeys, `${this.app}:#g/${path}`])
  }

  /** Of a definition: it ends with its namespace, and by its tags; a new version begins with nothing. */
  definition(name: string, version: string): Scope {
    const own = `=${escaped(checkName('name', name))}${version === '' ? '' : `@${escaped(version)}`}`
    return new Scope(this.app, this.#join(own), this.generationKeys, this.path)
  }

  /** Whether a path is that of this namespace, or of a definition in it. */
  owns(path: string): boolean {
    return (
      path === this.namespacePath ||
      path.startsWith(this.namespacePath === '' ? '=' : `${this.namespacePath}/=`)
    )
  }

  /** The generation that `clear` renews. */
  get clearKey(): string {
    return this.generationKeys.at(-1) as string
  }

  entryKey(key: string): string {
    this.check(key)
    return this.prefix + key
  }

  /** @throws InvalidArgumentError when it can be no key: otherwise that of its entry is `prefix` and the key */
  check(key: string): void {
    checkName('key', key)
  }

  tagKey(tag: string): string {
    return `${this.app}:#t/${this.namespacePath}:${tag}`
  }

  /** Of a key of an entry. */
  refreshKey(entryKey: string): string {
    return `${this.app}:#r/${entryKey.slice(this.app.length + 1)}`
  }

  #join(part: string): string {
    return this.path === '' ? part : `${this.path}/${part}`
  }
}

/** A key of the cache: of a value (an entry, a hash, a counter), or one that the cache keeps beside them. */
export interface CacheKey {
  readonly kind: 'value' | 'internal'
  /** The path of its namespace; empty for the cache itself. */
  readonly path: string
  readonly key: string
}

/** The key of what `clear` renews: without it no entry of the namespace counts. `path`: as {@link CacheKey} has it. */
export function generationKey(app: string, path: string): string {
  return Scope.at(app, path).clearKey
}

/** Undefined for a key that is not of this app's cache. */
export function readCacheKey(app: string, key: string): CacheKey | undefined {
  const [, path, own] =
    (key.startsWith(`${app}:`) && /^([^:]*)(?::(.*))?$/s.exec(key.slice(app.length + 1))) || []
  if (path === undefined) return undefined
  if (path.startsWith('#'))
    return { kind: 'internal', path: path.slice(path.indexOf('/') + 1), key: own ?? '' }
  if (own === undefined) return undefined
  // What an operation on a counter was answered.
  return { kind: own.includes('\n') ? 'internal' : 'value', path, key: own }
}

function escaped(part: string): string {
  return part.replace(/[%:/#=@]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
}

/** At most 32 names; each once. */
export function checkTags(name: string, tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) return refuse(name, tags, 'an array of tags')
  if (tags.length > MOST_TAGS)
    throw new InvalidArgumentError(`${name} may be at most ${MOST_TAGS}, and there are ${tags.length}.`)
  for (const tag of tags as readonly string[]) checkName('a tag', tag)
  return [...new Set(tags as readonly string[])]
}
