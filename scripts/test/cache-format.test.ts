/** The parts that docs/operations/keys.md takes an entry of the cache apart into are those that the cache reads. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readEntry } from '../../packages/core/src/cache/entry.ts'
import { placeholderOf } from '../../packages/core/src/cache/placeholder.ts'

const document = readFileSync(resolve(import.meta.dirname, '../../docs/operations/keys.md'), 'utf8')

/** What the page shows for a command. */
function answerTo(command: string): string {
  const [, after = ''] = document.split(`\n$ ${command}\n`)
  return after.slice(0, after.search(/^(?:\$ |```)/m)).trimEnd()
}

const stored = answerTo("redis-cli GET 'holdfast:v:shop:de:price:42'")
const [cache = '', space = '', tag = ''] = answerTo(
  "redis-cli MGET 'holdfast:v:shop:#g/' 'holdfast:v:shop:#g/de' 'holdfast:v:shop:#t/de:bank'",
).split('\n')

describe('the entry that the document takes apart', () => {
  const parts =
    /^written (\d+), flags (\w), token (.{11})\ngenerations (\S+)\nlife and tags (\S+)\nvalue (.*)$/.exec(
      answerTo('entry de:price:42'),
    )
  const [, written = '', flags = '', token = '', generations = '', life = '', value = ''] = parts ?? []

  it('is one, with these parts', () => {
    expect(stored).toBe(`${written}V1${flags}${token}${generations}${life};${value}`)
    expect(readEntry(stored, 2, undefined)).toMatchObject({
      head: `${written}V1${flags}${token}`,
      writtenAt: Number(written),
      isExpired: false,
      generations,
      ttlMs: Number.parseInt('cuyo', 36),
      staleMs: Number.parseInt('255s0', 36),
      loadMs: 0,
      tags: [['bank', tag]],
      payload: value,
    })
    expect(
      [...document.matchAll(/`(\w+)` is ([\d,]+)/g)].map(([, text = '', ms = '']) => [
        Number.parseInt(text, 36),
        Number(ms.replaceAll(',', '')),
      ]),
    ).toEqual([
      [600_000, 600_000],
      [3_600_000, 3_600_000],
    ])
  })

  it('names the generations that MGET shows', () => {
    expect(generations).toBe(`${cache}${space}`)
    expect(life).toBe(`cuyo,255s0,0,bank=${tag}`)
  })

  it('stands beside placeholders that are some', () => {
    const waited = answerTo('redis-cli GET holdfast:v:shop::slow')
    expect(`${placeholderOf(waited)}+`).toBe(waited)
    const anew = answerTo("redis-cli GET 'holdfast:v:shop:#r/:menu'")
    expect(placeholderOf(anew)).toBe(anew)
  })
})
