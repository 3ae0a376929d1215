/** What runs on GitHub cannot be run here: it is held to GitHub's schema, and to the commands and secrets that exist. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { validateWorkflow } from '@action-validator/core'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const workflows = globSync('.github/workflows/*.yml', { cwd: root })
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }

describe.each(workflows)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8')

  it('is a workflow by the schema', () => {
    expect(validateWorkflow(text).errors).toEqual([])
    expect(validateWorkflow(text.replace('runs-on:', 'runs-an:')).errors).not.toEqual([])
  })

  it('runs commands that package.json has', () => {
    const commands = Array.from(
      text.matchAll(/\bnpm (?:run )?([a-z]+(?::[a-z]+)*)$/gm),
      ([, name = '']) => name,
    )
    expect(commands).toContain('release')
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
  })

  it('needs a token of the registry and no other secret', () => {
    const secrets = Array.from(text.matchAll(/secrets\.(\w+)/g), ([, name]) => name)
    expect(new Set(secrets)).toEqual(new Set(['NPM_TOKEN']))
  })

  it('has the packages say which commit and which run made them', () => {
    expect(text).toContain('PNPM_CONFIG_PROVENANCE: true')
    expect(text).toContain('id-token: write')
  })
})
