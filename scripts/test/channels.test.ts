/** What packages publish on node:diagnostics_channel stands in the reference, and its events in the page for operators. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

describe('the documents', () => {
  const files = globSync('packages/*/src/**/*.ts', { cwd: root })
  const sources = files.map((path) => readFileSync(join(root, path), 'utf8'))
  const page = readFileSync(join(root, 'docs/reference/events.md'), 'utf8')
  const forOperators = readFileSync(join(root, 'docs/operations/index.md'), 'utf8')

  it('have every channel', () => {
    const names = [
      ...sources.join('\n').matchAll(/(?:eventChannel|tracedOperation)\('(?:holdfast:)?([\w.]+)'/g),
    ].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(page).toContain(`\`holdfast:${name}\``)
  })

  it('have a table of the events of every channel, made of their type', () => {
    const types = files.flatMap((file, i) =>
      Array.from(
        (sources[i] ?? '').matchAll(/: EventChannel<(\w+)> = eventChannel\('/g),
        ([, type]) => `<!-- events: ${type} in ${file} -->`,
      ),
    )
    expect(types.length).toBeGreaterThan(6)
    for (const type of types) expect(page).toContain(type)
  })

  it('have every event in the row of its channel, for operators', () => {
    const missing = sources.flatMap((source) => {
      const channels = [...source.matchAll(/ eventChannel\('(.+?)'\)/g)].map(([, name = '']) => name)
      const types = source.slice(0, source.lastIndexOf(' eventChannel('))
      const events = [...types.matchAll(/readonly type: ('[^;}\n]*)/g)].flatMap(([, values = '']) => [
        ...values.matchAll(/\w+/g),
      ])
      const rows = forOperators
        .split('\n')
        .filter((row) => channels.some((name) => row.startsWith(`| \`${name}\``)))
      return channels.flatMap((name) =>
        events
          .filter(([event]) => !rows.join().includes(`\`${event}\``))
          .map(([event]) => `${name} ${event}`),
      )
    })
    expect(missing).toEqual([])
  })
})
