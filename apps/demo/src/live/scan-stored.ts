import type { Ground } from './ground.ts'

/** A string that Redis holds. */
export interface Stored {
  readonly key: string
  readonly raw: string
  /** Null: it stays. */
  readonly ttlMs: number | null
}

/** As a person would find them with `redis-cli --scan`: at most so many. */
export async function scanStored(
  client: NonNullable<Ground['client']>,
  pattern: string,
  most: number,
): Promise<readonly Stored[]> {
  const found: Stored[] = []
  for (const node of 'nodes' in client ? client.nodes('master') : [client]) {
    let cursor = '0'
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', 500, 'TYPE', 'string')
      cursor = next
      for (const key of keys.slice(0, most - found.length)) {
        const [raw, ttlMs] = await Promise.all([node.get(key), node.pttl(key)])
        found.push({ key, raw: raw ?? '', ttlMs: ttlMs < 0 ? null : ttlMs })
      }
    } while (cursor !== '0' && found.length < most)
  }
  return found
}

/** What a pattern must not read as its own signs: a lock may be named after anything. */
export function literally(text: string): string {
  return text.replaceAll(/[\\*?[\]^-]/g, String.raw`\$&`)
}
