import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Count } from './count.ts'

/**
 * Packs every public package as the registry would get it, and checks the tarball: that package.json and files
 * agree (publint), and that types resolve for every kind of consumer (attw).
 */
export async function checkPackages(root: string, target: string): Promise<Count> {
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const folders = globSync('packages/*/package.json', { cwd: root }).map((file) => join(root, dirname(file)))
  const problems = await Promise.all(folders.filter(hasSource).map((folder) => checkPackage(folder, target)))
  const failed = problems.filter((problem) => problem !== undefined)
  for (const problem of failed) console.log(problem)
  return { passed: problems.length - failed.length, failed: failed.length }
}

async function checkPackage(folder: string, target: string): Promise<string | undefined> {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  const tarball = join(target, `${name?.replace('@', '').replace('/', '-')}-${version}.tgz`)
  try {
    // npm pack would leave `workspace:` and `catalog:` in the dependencies.
    await run('pnpm', ['--dir', folder, 'pack', '--pack-destination', target])
    await run('publint', ['run', tarball, '--strict'])
    // ESM only is decided; require() of it works on every supported Node.
    await run('attw', [tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--format', 'ascii', '--no-emoji'])
    return undefined
  } catch (error) {
    return `${name}: ${String(error)}`
  }
}

function hasSource(folder: string): boolean {
  return existsSync(join(folder, 'src/index.ts'))
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} failed\n${stdout}${stderr}`))
      else resolve()
    })
  })
}
