/** What docs/operations/keys.md shows of each kind of key is what redis-cli shows of keys that were just written. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RedisNode } from '@holdfast/test-support/servers'
import { beforeAll, describe, expect, it } from 'vitest'
import { masked, readConsolePage } from '../../src/operations/console-page.ts'
import { list, writeKeysOfEachKind } from '../../src/operations/keys-of-each-kind.ts'
import { openShell } from '../../src/operations/redis-cli.ts'

const path = join(import.meta.dirname, '../../../../docs/operations/keys.md')
const text = readFileSync(path, 'utf8')

describe('docs/operations/keys.md', () => {
  let node: RedisNode
  beforeAll(async () => {
    node = await RedisNode.start()
    return async () => await node.stop()
  })

  it('shows what redis-cli says, and names each key', async () => {
    const { locks } = await writeKeysOfEachKind(node)
    const page = readConsolePage(text)
    await using shell = await openShell(node.port)
    const answers = await shell.run(page.commands)
    expect(answers).toHaveLength(page.commands.length)
    const other = page.commands.filter((_, i) => masked(answers[i] ?? '') !== masked(page.answers[i] ?? ''))
    // `vitest -u` puts the answers of this run into the page.
    await expect(
      other.length > 0 ? page.withAnswers(answers) : text,
      `other answers to:\n${other.join('')}`,
    ).toMatchFileSnapshot(path)

    // What the function of the page takes apart is what the library says.
    const { holders } = await locks.semaphore('uploads', { permits: 3 }).inspect()
    expect(holders).toHaveLength(2)
    for (const { token, fencingToken } of holders)
      expect(answers[page.commands.indexOf('lease semaphore:uploads\n')]).toContain(
        `since ${fencingToken}, by ${token}`,
      )

    const kinds = rowsOf('key')
    const keys = await list(node, 'KEYS', '*')
    for (const key of keys) expect(kinds.filter(matches(key)), key).not.toEqual([])
    for (const kind of kinds)
      expect(
        keys.filter((key) => matches(key)(kind)),
        kind,
      ).not.toEqual([])
    const channels = await list(node, 'PUBSUB', 'CHANNELS')
    expect(channels.length).toBeGreaterThan(3)
    for (const channel of channels)
      expect(rowsOf('channel').filter(matches(channel)), channel).not.toEqual([])
  })
})

/** The first cells of the table with this heading. */
function rowsOf(heading: string): string[] {
  const [, table = ''] =
    new RegExp(`^\\| ${heading} \\|.*\\n\\|---.*\\n((?:\\|.*\\n)+)`, 'm').exec(text) ?? []
  return Array.from(table.matchAll(/^\| `([^`]+)` \|/gm), ([, cell = '']) => cell)
}

const PARTS: Readonly<Record<string, string>> = {
  app: 'shop',
  bucket: String.raw`\d+`,
  namespace: '[^#:]*',
  kind: 'lock|semaphore',
}

/** Whether a row is of this key: `<bucket>` stands for a number, other words for any text. */
function matches(key: string): (row: string) => boolean {
  return (row) => {
    const pattern = row
      .replace(/\\n/g, '\n')
      .replace(/[{}.*+?^$()|[\]\\]/g, '\\$&')
      .replace(/<([^>]+)>/g, (_, part: string) => `(?:${PARTS[part] ?? '[^\n]+'})`)
    return new RegExp(`^${pattern}$`).test(key)
  }
}
