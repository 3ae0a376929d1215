import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as core from '@holdfast/core'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundlePackages, useBundles } from '../bundles.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = temporaryDirectory()
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  env = { ...process.env, NODE_OPTIONS: '--no-warnings', ...(await bundlePackages(root, folder.path)) }
  useBundles(env)
})
afterAll(async () => await folder.remove())

/** What a program says that is started as tests start theirs. */
async function said(program: string, cwd: string = import.meta.dirname): Promise<unknown> {
  const flags = ['--conditions=@holdfast/source', '--input-type=module']
  const args = [...flags, '-e', `console.log(JSON.stringify(${program}))`]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env })
  return JSON.parse(stdout)
}

const where = (name: string): string => `import.meta.resolve('${name}')`

it('leave the options of Node as they are, and no variable that a program could take for its own', () => {
  expect(env['NODE_OPTIONS']).toMatch(/^--no-warnings --import=file:/)
  expect(Object.keys(env).filter((name) => name.includes('BUNDLES'))).toEqual([])
})

it('are what a process loads, with all that the sources export, as one package', async () => {
  expect(await said(where('@holdfast/core'))).toBe(pathToFileURL(join(folder.path, 'core/src/index.js')).href)
  expect(await said("Object.keys(await import('@holdfast/core')).toSorted()")).toEqual(
    Object.keys(core).toSorted(),
  )
  const error = "new (await import('@holdfast/core')).HoldfastError('CLOSED', 'closed')"
  expect(await said(`(${error}).constructor.name`)).toBe('HoldfastError')
})

it('do not take the place of a package that needs others, nor of another version', async () => {
  expect(await said(where('@holdfast/nest'))).toBe(
    pathToFileURL(join(root, 'packages/nest/src/index.ts')).href,
  )
  const kept = join(folder.path, 'app/node_modules/@holdfast/core')
  mkdirSync(kept, { recursive: true })
  writeFileSync(join(kept, 'package.json'), '{ "exports": { "@holdfast/source": "./index.mjs" } }')
  writeFileSync(join(kept, 'index.mjs'), '')
  expect(await said(where('@holdfast/core'), join(folder.path, 'app'))).toBe(
    pathToFileURL(join(kept, 'index.mjs')).href,
  )
})
