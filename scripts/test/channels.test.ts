/** What packages publish on node:diagnostics_channel stands in the document for operators. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

describe('the documents', () => {
  const files = globSync('packages/*/src/**/*.ts', { cwd: root })
  const sources = files.map((path) => readFileSync(join(root, path), 'utf8'))
  const document = readFileSync(join(root, 'docs/operations.md'), 'utf8')

  it('have every channel', () => {
    const names = [
      ...sources.join('\n').matchAll(/(?:eventChannel|tracedOperation)\('(?:holdfast:)?([\w.]+)'/g),
    ].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(document).toContain(`\`holdfast:${name}\``)
  })

  it('have every event, and every member of it, in the rows of its channel', () => {
    const missing = sources.flatMap((source) => {
      const channels = [...source.matchAll(/ eventChannel\('(.+?)'\)/g)].map(([, name = '']) => name)
      const types = source.slice(0, source.lastIndexOf(' eventChannel('))
      const members = [...types.matchAll(/readonly (\w+)\??: ('[^;}\n]*)?/g)].flatMap(
        ([, member = '', values = '']) =>
          member === 'type' ? [...values.matchAll(/\w+/g)].map(([type]) => type) : [member],
      )
      const rows = document
        .split('\n')
        .filter((row) => channels.some((name) => row.startsWith(`| \`${name}\``)))
      return channels.flatMap((name) =>
        members
          .filter((member) => !rows.join().includes(`\`${member}\``))
          .map((member) => `${name} ${member}`),
      )
    })
    expect(missing).toEqual([])
  })
})
