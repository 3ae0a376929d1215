import { type InspectedEntry, inspectEntry } from '@holdfast/core/storage'
import { Exit, exitCodes } from '../../exit.ts'
import { print, printJson } from '../../output/io.ts'
import { facts } from '../../output/table.ts'
import { bytes, coloured, duration, visible } from '../../output/text.ts'
import type { ConnectionOptions } from '../../session/options.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { clock } from '../../session/clock.ts'
import { withSession } from '../../session/session.ts'

export interface InNamespace extends ConnectionOptions {
  readonly namespace: string
}

/** `holdfast cache get KEY`: the value, and how it stands. Exit code 1 for a miss. */
export async function getEntry(
  key: string,
  { json = false, namespace, ...options }: InNamespace,
): Promise<number> {
  return await withSession(options, async (session) => {
    const { storage, app } = session
    const now = await clock(session)
    const entry = await inspectEntry(storage.values, { app, path: namespace, key }, now)
    if (json) await printJson('cache get', { namespace, key, ...jsonOf(entry, now) })
    else if (entry.state === 'absent') {
      const { text } = await prefixHint(session)
      throw new Exit(
        exitCodes.findings,
        `The cache has no ${name(namespace, key)}. ${text || 'holdfast cache size shows the namespaces (--namespace).'}`,
      )
    } else await print(textOf(name(namespace, key), entry, now))
    return entry.state === 'fresh' || entry.state === 'stale' || entry.state === 'foreign'
      ? exitCodes.fine
      : exitCodes.findings
  })
}

export function name(namespace: string, key: string): string {
  return namespace === '' ? visible(key) : `${visible(key)} in ${visible(namespace)}`
}

function jsonOf(entry: InspectedEntry, now: number): Readonly<Record<string, unknown>> {
  if ('payload' in entry) {
    const { payload, writtenAt, ...rest } = entry
    return {
      ...rest,
      writtenAt: new Date(writtenAt),
      ageMs: Math.max(0, now - writtenAt),
      ...valueOf(payload),
    }
  }
  if (entry.state === 'foreign') return { state: entry.state, ...valueOf(entry.stored) }
  return entry
}

/** JSON as what it says, other text as it is, bytes in base 64. */
function valueOf(payload: string | Uint8Array): {
  readonly value?: unknown
  readonly base64?: string | undefined
} {
  const text = typeof payload === 'string' ? payload : textIn(payload)
  if (text === undefined) return { base64: Buffer.from(payload).toString('base64') }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { value: text }
  }
}

function textIn(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch {
    return undefined
  }
}

function textOf(shown: string, entry: Exclude<InspectedEntry, { state: 'absent' }>, now: number): string {
  const head = coloured('bold', shown)
  switch (entry.state) {
    case 'loading':
      return `${head}: a process loads it just now`
    case 'otherVersion':
      return `${head}: an entry of another version of Holdfast (${visible(entry.version)}), a miss for this one`
    case 'foreign':
      return `${head}: a counter, or what another program has written\n\n${payloadText(entry.stored)}`
    case 'fresh':
    case 'stale':
    case 'invalidated': {
      const { state, writtenAt, ttlMs, staleMs, tags, codec, payload } = entry
      const ended = state === 'invalidated' ? ' (clear or a tag ended it: a miss)' : ''
      return `${head}: ${state}${ended}\n${facts([
        ['written', `${new Date(writtenAt).toISOString()}, ${duration(now - writtenAt)} ago`],
        ['fresh for', `${duration(ttlMs)}${staleMs > 0 ? `, then stale for ${duration(staleMs)}` : ''}`],
        ...(tags.length > 0 ? [['tags', tags.map(visible).join(', ')] as const] : []),
        ...(codec === undefined ? [] : [['codec', visible(codec)] as const]),
      ])}\n\n${payloadText(payload)}`
    }
  }
}

const MOST_TEXT = 4_000

function payloadText(payload: string | Uint8Array): string {
  const text = typeof payload === 'string' ? payload : textIn(payload)
  if (text === undefined) return `${bytes(payload.length)} that are no text (--json shows them in base 64)`
  return text.length > MOST_TEXT ? `${visible(text.slice(0, MOST_TEXT))}… (--json shows all)` : visible(text)
}
