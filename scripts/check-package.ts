/**
 * `node ../../scripts/check-package.ts`, in the folder of a package: packs it as the registry would get it, and checks the
 * tarball: that package.json and files agree (publint), and that types resolve for every kind of consumer (attw).
 */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readManifest } from '@holdfast/test-support/workspaces'

const folder = process.cwd()
const target = join(folder, '.cache/packed')
const { name, version } = readManifest(folder)
const tarball = join(target, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)

rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
// npm pack would leave `workspace:` and `catalog:` in the dependencies.
await check('pnpm', ['pack', '--pack-destination', target])
await check('publint', ['run', tarball, '--strict'])
// ESM only is decided; require() of it works on every supported Node.
await check('attw', [tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--format', 'ascii', '--no-emoji'])

async function check(program: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args).catch((error: Error & { stdout?: string; stderr?: string }) => {
    console.log(`${name}: ${program} failed\n${error.stdout ?? ''}${error.stderr ?? error.message}`)
    process.exit(1)
  })
}
