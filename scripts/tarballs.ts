/** `npm run tarballs`: our packages as files, for apps that try what no registry has yet. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readFlags, refuse } from '@holdfast/test-support/command'
import { type Workspace, publishedIn } from '@holdfast/test-support/workspaces'

const usage = `
npm run --silent tarballs -- [packages]

Builds these packages (core, redis-ioredis, …; default: all) with those of ours that they need, packs them into
.cache/tarballs, and prints the paths of the files, for npm:

  npm install $(npm --prefix ../holdfast run --silent tarballs -- core redis-ioredis) ioredis
`
const names = process.argv.slice(2).filter((word) => !word.startsWith('-'))
readFlags(
  usage,
  {},
  process.argv.slice(2).filter((word) => !names.includes(word)),
)

const root = resolve(import.meta.dirname, '..')
const packages = new Map(publishedIn(root).map((each) => [each.manifest.name, each]))
const wanted = new Map<string, Workspace>()
for (const name of names.length === 0 ? packages.keys() : names) add(name)

const target = join(root, '.cache/tarballs')
rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const folders = [...wanted.values()].map(({ folder }) => folder)
run('tsc', ['-b', ...folders])
for (const folder of folders) run('pnpm', ['--dir', folder, 'pack', '--pack-destination', target])
for (const { manifest } of wanted.values()) {
  const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`
  console.log(join(target, file))
}

/** With what it depends on among our packages. */
function add(word: string): void {
  const name = word.startsWith('@') ? word : `@holdfast/${word}`
  const one = packages.get(name)
  if (one === undefined) refuse(`There is no package ${name}. There are ${[...packages.keys()].join(', ')}.`)
  if (wanted.has(name)) return
  wanted.set(name, one)
  for (const needed of Object.keys({ ...one.manifest.dependencies, ...one.manifest.peerDependencies }))
    if (packages.has(needed)) add(needed)
}

/** What it says goes to stderr: on stdout are the paths alone. */
function run(program: string, args: readonly string[]): void {
  execFileSync(join(root, 'node_modules/.bin', program), args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
