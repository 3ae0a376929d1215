import { join } from 'node:path'
import { scriptFaults, scriptsIn } from '@holdfast/test-support/scripts'
import { expect, it } from 'vitest'

const scripts = await scriptsIn(join(import.meta.dirname, '../src'))

it('finds the scripts', () => {
  expect(scripts.length).toBeGreaterThanOrEqual(5)
})

it.each(scripts.map((script) => [script.name, script] as const))('%s has no faults', (_, script) => {
  // One may run another on what follows its own keys and arguments, and says which: that one is looked at alone.
  const [, name] = /^-- KEYS: .*then those of ([\w.]+)$/m.exec(script.source) ?? []
  const inner = scripts.find((each) => each.name === name)?.source ?? ''
  expect(script.source).toContain(name === undefined || inner !== '' ? inner : `the source of ${name}`)
  expect(scriptFaults({ ...script, source: script.source.replace(inner, '') })).toEqual([])
})
