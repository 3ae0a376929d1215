/** A reader of the recipes finds on each page what it takes to run it: packages, the whole file, and where Redis is. */
import { execFile } from 'node:child_process'
import { mkdtemp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, posix, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const pageOf = (name: string) => readFile(join(root, 'docs/recipes', `${name}.md`), 'utf8')

describe.each([
  'background-job',
  'cron',
  'flags',
  'long-job',
  'migrations',
  'payments',
  'queues-on-postgresql',
  'rate-limited-api',
  'webhooks',
])('%s', (name) => {
  it('names the packages that its programs import', async () => {
    const page = await pageOf(name)
    const lines = Array.from(page.matchAll(/^npm install (.*)$/gm), ([, line = '']) => line)
    const installed = new Set(lines.flatMap((line) => line.split(/[\s,]+/)))
    const needed = new Set<string>()
    for (const file of shownBy(page)) await collect(file, needed)
    expect([...needed].filter((each) => !installed.has(each))).toEqual([])
  })

  it('links to the whole of each file', async () => {
    const page = await pageOf(name)
    expect(shownBy(page).filter((file) => !page.includes(`[The whole file](../../${file})`))).toEqual([])
  })

  it('says where its commands look', async () => {
    expect(await pageOf(name)).toMatch(
      /^export REDIS_URL=redis:\/\/localhost:6379 HOLDFAST_PREFIX=shop .*\nnpx @holdfast\/cli /m,
    )
  })
})

it('no page starts a program by npx tsx: a kill would end npx, and not the program', async () => {
  const folder = join(root, 'docs/recipes')
  const pages = (await readdir(folder)).filter((name) => name.endsWith('.md'))
  expect(pages).toContain('index.md')
  for (const name of pages)
    expect(await readFile(join(folder, name), 'utf8'), name).not.toMatch(/^[^`]*\bnpx tsx /m)
})

it('the lines of "How to run one" run a recipe, and show its job', async () => {
  const page = await pageOf('index')
  const [, lines = ''] = /## How to run one[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? []
  const folder = await mkdtemp(join(tmpdir(), 'recipe-'))
  try {
    const app = join(folder, 'my-app')
    await mkdir(app)
    await writeFile(join(app, 'package.json'), '{"name":"my-app","type":"commonjs"}')
    await symlink(root, join(folder, 'holdfast'))
    await symlink(join(root, 'examples/recipes/node_modules'), join(app, 'node_modules'))
    // Packages come from this workspace instead of npm, Redis and its keys from this run.
    const { stdout } = await promisify(execFile)('sh', ['-ec', `${STAND_INS}\n${lines}`], {
      cwd: app,
      env: {
        ...process.env,
        CALL_TIMEOUT_MS: '60000',
        WORK_MS: '1',
        TEST_URL: process.env['REDIS_URL'],
        TEST_PREFIX: `how-to-run-${process.pid}`,
      },
    })
    expect(stdout).toContain('2026-11 page 4 attempt 1\nexecuted 500\n')
    expect(stdout).toMatch(/^.*2026-11 .*completed/m)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

const STAND_INS = `
npm() {
  case "$1" in
    pkg) command npm "$@";;
    install) ;;
    *) echo "npm $1?" >&2; return 1;;
  esac
}
npx() {
  tool=$1; shift
  case "$tool" in
    @holdfast/cli) node ../holdfast/packages/cli/src/main.ts "$@";;
    *) echo "npx $tool?" >&2; return 1;;
  esac
}
node() {
  REDIS_URL=$TEST_URL HOLDFAST_PREFIX=$TEST_PREFIX \\
    '${process.execPath}' --conditions=@holdfast/source --no-warnings "$@"
}`

function shownBy(page: string): string[] {
  const files = page.matchAll(/^```ts (examples\/recipes\/[^#\s]+)#/gm)
  return [...new Set(Array.from(files, ([, file = '']) => file))]
}

/** The packages that a file imports, and those of the files that it imports. */
async function collect(file: string, packages: Set<string>): Promise<void> {
  const source = await readFile(join(root, file), 'utf8')
  for (const [, from = ''] of source.matchAll(/^import (?:[^']*from )?'([^']+)'/gm)) {
    if (from.startsWith('.')) await collect(posix.join(dirname(file), from), packages)
    else if (!isBuiltin(from) && !from.startsWith('@holdfast/examples/'))
      packages.add(from.split('/', from.startsWith('@') ? 2 : 1).join('/'))
  }
}
