import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as core from '@holdfast/core'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useBundles } from '../bundles.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = temporaryDirectory()
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  // Not here: what `npm test` runs may load bundles itself.
  const bundle = `(await import('./scripts/bundles.ts')).bundlePackages('${root}', '${folder.path}')`
  const unbundled = { ...process.env, NODE_OPTIONS: '--no-warnings' }
  env = { ...unbundled, ...((await said(bundle, root, unbundled)) as NodeJS.ProcessEnv) }
  useBundles(env)
})
afterAll(async () => await folder.remove())

/** What a program says that is started as tests start theirs. */
async function said(
  program: string,
  cwd: string = import.meta.dirname,
  its: NodeJS.ProcessEnv = env,
): Promise<unknown> {
  const flags = ['--conditions=@holdfast/source', '--input-type=module']
  const args = [...flags, '-e', `console.log(JSON.stringify(await ${program}))`]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: its })
  return JSON.parse(stdout)
}

const bundleOf = (path: string): string => pathToFileURL(join(folder.path, 'packages', path)).href
const where = (name: string): string => `import.meta.resolve('${name}')`

it('leave the options of Node as they are, and no variable that a program could take for its own', () => {
  expect(env['NODE_OPTIONS']).toMatch(/^--no-warnings --import=file:/)
  expect(Object.keys(env).filter((name) => name.includes('BUNDLES'))).toEqual([])
})

it('are what a process loads, with all that the sources export, as one package', async () => {
  expect(await said(where('@holdfast/core'))).toBe(bundleOf('core/src/index.js'))
  expect(await said("Object.keys(await import('@holdfast/core')).toSorted()")).toEqual(
    Object.keys(core).toSorted(),
  )
  const error = "new (await import('@holdfast/core')).HoldfastError('CLOSED', 'closed')"
  expect(await said(`(${error}).constructor.name`)).toBe('HoldfastError')
})

it('find what others have made from where the sources lie', async () => {
  const nest = await said(
    "[import.meta.resolve('@holdfast/nest'), Object.keys(await import('@holdfast/nest')).toSorted()]",
  )
  expect(nest).toEqual([
    bundleOf('nest/src/index.js'),
    Object.keys(await import('@holdfast/nest')).toSorted(),
  ])
})

it.each(['ioredis', 'ioredis5', 'redis', 'redis5'])(
  'have all that %s exports, also for a package that requires it',
  async (name) => {
    const cwd = join(root, 'tests/e2e')
    const url = await said(where(name), cwd)
    expect(url).toContain(pathToFileURL(folder.path).href)
    const exported = `Object.keys(await import('${name}')).toSorted()`
    expect(await said(exported, cwd)).toEqual(await said(exported, cwd, { ...process.env, NODE_OPTIONS: '' }))
    const required = `process.getBuiltinModule('module').createRequire('${cwd}/package.json')('${name}')`
    const imported = `(await import('${name}'))['module.exports']`
    expect(await said(`${required} === ${imported}`, cwd)).toBe(true)
  },
)

it('are programs, too, which find the files beside their sources', async () => {
  const program = join(root, 'packages/cli/src/main.ts')
  const args = ['--conditions=@holdfast/source', program, '--version']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as {
    version: string
  }
  expect(stdout.trim()).toBe(version)
  expect(await said(`import.meta.resolve('${pathToFileURL(program).href}')`)).toBe(
    bundleOf('cli/src/main.js'),
  )
})

it('do not take the place of another version', async () => {
  const kept = join(folder.path, 'app/node_modules/@holdfast/core')
  mkdirSync(kept, { recursive: true })
  writeFileSync(join(kept, 'package.json'), '{ "exports": { "@holdfast/source": "./index.mjs" } }')
  writeFileSync(join(kept, 'index.mjs'), '')
  expect(await said(where('@holdfast/core'), join(folder.path, 'app'))).toBe(
    pathToFileURL(join(kept, 'index.mjs')).href,
  )
})
