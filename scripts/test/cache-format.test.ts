/** What docs/operations.md says of an entry in Redis, for people with redis-cli, is what the cache reads. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readEntry } from '../../packages/core/src/cache/entry.ts'
import { placeholderOf } from '../../packages/core/src/cache/placeholder.ts'

const document = readFileSync(resolve(import.meta.dirname, '../../docs/operations.md'), 'utf8')
const [, section = ''] = document.split('## The cache in Redis')
const stored = /^\d{13}V\S+$/m.exec(section)?.[0] ?? ''

describe('the entry that the document takes apart', () => {
  it('is one, with these parts', () => {
    const part = (name: string): string[] =>
      [
        ...(new RegExp(`^\\| ${name} \\|([^|]*)\\|`, 'm').exec(section)?.[1] ?? '').matchAll(/`([^`]+)`/g),
      ].map(([, text = '']) => text)
    const [stamp, token, generations, tag, value] = ['stamp', 'token', 'generations', 'tags', 'value'].map(
      part,
    )
    const [, name, generation] = /^,(\w+)=(\w+)$/.exec(tag?.[0] ?? '') ?? []
    expect(readEntry(stored, 2, undefined)).toMatchObject({
      head: stored.slice(0, stored.indexOf(token?.[0] ?? '-') + 11),
      writtenAt: Number(stamp?.[0]),
      isExpired: false,
      generations: generations?.join(''),
      ttlMs: 60_000,
      staleMs: 600_000,
      loadMs: 0,
      tags: [[name, generation]],
      payload: value?.[0]?.slice(1),
    })
  })

  it('names the generations that MGET shows', () => {
    const [shown = ''] = /(?<=MGET .*\n).*/.exec(section) ?? []
    const [cache = '', space = '', tag = ''] = shown.split(/ +/)
    expect(stored).toContain(`${cache}${space}`)
    expect(stored).toContain(`,bank=${tag};`)
  })

  it('replaced a placeholder like the one that follows', () => {
    const [placeholder = ''] = /(?<=`)L\S+;(?=`)/.exec(section) ?? []
    expect(placeholderOf(placeholder)).toBe(placeholder)
    expect(placeholderOf(`${placeholder}+`)).toBe(placeholder)
  })
})
