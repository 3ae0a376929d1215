import { readCacheKey } from '@holdfast/core/storage'
import type { ScanStep } from '@holdfast/redis-protocol'
import { exitCodes } from '../../exit.ts'
import { print, printJson, remark } from '../../output/io.ts'
import { lookedAt, scanned } from '../../output/progress.ts'
import { table } from '../../output/table.ts'
import { bytes, count, counted, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { hasAnswer } from '../../session/refusals.ts'
import { type Session, withSession } from '../../session/session.ts'

interface Size {
  entries: number
  /** Null where the user may not ask for it. */
  bytes: number | null
  /** Of the entries: those whose bytes are not known. */
  unmeasured: number
}

/** `holdfast cache size`: entries and bytes by namespace. Hashes and counters count as entries. */
export async function cacheSize({ json = false, ...options }: ConnectionOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const sizes = new Map<string, Size>()
    const internal: Size = { entries: 0, bytes: 0, unmeasured: 0 }
    const bytesOf = bytesAsked(session)
    const counting = async function* (): AsyncGenerator<ScanStep<string>> {
      for await (const step of session.inspection.values(session.app)) {
        const used = await bytesOf(step.found)
        step.found.forEach((key, i) => add(sizeOf(key), used === undefined ? null : used[i]))
        yield { ...step, found: [] }
      }
    }
    const sizeOf = (key: string): Size => {
      const { kind, path } = readCacheKey(session.app, key) ?? { kind: 'internal', path: '' }
      if (kind === 'internal') return internal
      const size = sizes.get(path) ?? { entries: 0, bytes: 0, unmeasured: 0 }
      sizes.set(path, size)
      return size
    }
    const seen = await scanned(counting())
    const namespaces = [...sizes].sort(([, a], [, b]) => (b.bytes ?? b.entries) - (a.bytes ?? a.entries))
    const { scanned: keysSeen, keys = null } = seen
    if (json) {
      const named = namespaces.map(([namespace, size]) => ({ namespace, ...size }))
      await printJson('cache size', { namespaces: named, internal, scanned: keysSeen, keys })
      return exitCodes.fine
    }
    const rows = [...namespaces, ['(kept beside them)', internal] as const].map(([path, size]) => [
      path === '' ? '(no namespace)' : visible(path),
      count(size.entries),
      size.bytes === null ? 'not shown' : bytes(size.bytes),
    ])
    if (namespaces.length > 0) await print(table(['NAMESPACE', 'ENTRIES', 'MEMORY'], rows))
    await remark(
      namespaces.length === 0
        ? `The cache is empty; ${lookedAt(seen)}`
        : `${lookedAt(seen)}; entries that a clear or a tag has ended are counted until they expire`,
    )
    const unmeasured = [internal, ...sizes.values()].reduce((sum, each) => sum + each.unmeasured, 0)
    if (unmeasured > 0)
      await remark(
        `${counted(unmeasured, 'key')} could not be measured: gone meanwhile, or of another program (a name that is not UTF-8)`,
      )
    if (namespaces.length === 0) {
      const { isMissing, text } = await prefixHint(session)
      if (text !== '') await remark(text)
      if (isMissing) return exitCodes.findings
    }
    return exitCodes.fine
  })
}

/** Asks until the user is refused once. */
function bytesAsked({
  inspection,
}: Session): (keys: readonly string[]) => Promise<readonly (number | undefined)[] | undefined> {
  let refused = false
  return async (keys) => {
    if (refused) return undefined
    try {
      return await inspection.bytesOf(keys)
    } catch (error) {
      if (!hasAnswer(error)) throw error
      refused = true
      await remark(
        'MEMORY USAGE is refused to this user, so sizes are not shown (holdfast acl --features inspect).',
      )
      return undefined
    }
  }
}

/** `used`: null where the user may not ask, undefined for a key that Redis does not find. */
function add(size: Size, used: number | null | undefined): void {
  size.entries += 1
  if (used === undefined) {
    size.unmeasured += 1
    return
  }
  size.bytes = used === null || size.bytes === null ? null : size.bytes + used
}
