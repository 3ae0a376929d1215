import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** What `.ci/run` ends with in a repository whose commands print these lines and end with these codes. */
function run(commands: Readonly<Record<'test' | 'test:dotnet', readonly [lines: string, code: number]>>) {
  const repository = mkdtempSync(join(tmpdir(), 'ci-run-'))
  onTestFinished(() => rmSync(repository, { recursive: true, force: true }))
  mkdirSync(join(repository, '.ci'))
  copyFileSync(join(root, '.ci/run'), join(repository, '.ci/run'))
  const scripts: Record<string, string> = {}
  for (const [name, [lines, code]] of Object.entries(commands)) {
    const file = `${name.replace(':', '-')}.mjs`
    writeFileSync(join(repository, file), `console.log(${JSON.stringify(lines)}); process.exitCode = ${code}`)
    scripts[name] = `node ${file}`
  }
  writeFileSync(join(repository, 'package.json'), JSON.stringify({ name: 'repository', scripts }))
  // That there is one is what it asks.
  mkdirSync(join(repository, 'programs'))
  writeFileSync(join(repository, 'programs/dotnet'), '', { mode: 0o755 })
  const PATH = `${join(repository, 'programs')}:${process.env['PATH']}`
  const { stdout, status } = spawnSync('bash', [join(repository, '.ci/run')], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
  })
  return { lines: stdout.trimEnd().split('\n'), status }
}

it('adds up what both commands count', () => {
  const { lines, status } = run({
    'test:dotnet': ['a case\n2 passed, 0 failed, 1 skipped', 0],
    test: ['a test\n40 passed, 0 failed', 0],
  })
  expect(lines).toEqual([
    'a case',
    '`npm run --silent test:dotnet` ended with 2 passed and 0 failed, 1 skipped',
    'a test',
    '`npm test --silent` ended with 40 passed and 0 failed',
    '42 passed, 0 failed',
  ])
  expect(status).toBe(0)
})

it('names what has failed at its end, of the first command, too', () => {
  const { lines, status } = run({
    'test:dotnet': ['failed: test:dotnet live/locks.test.ts > excludes: Error: no\n2 passed, 1 failed', 1],
    test: ['failed: Lint: @holdfast/core#lint\n3 s\n40 passed, 1 failed', 1],
  })
  expect(lines).toEqual([
    '`npm run --silent test:dotnet` ended with 2 passed and 1 failed',
    '3 s',
    '`npm test --silent` ended with 40 passed and 1 failed',
    'failed: test:dotnet live/locks.test.ts > excludes: Error: no',
    'failed: Lint: @holdfast/core#lint',
    '42 passed, 2 failed',
  ])
  expect(status).toBe(1)
})

it('names a command that fails without saying of what', () => {
  const { lines, status } = run({
    'test:dotnet': ['2 passed, 0 failed', 3],
    test: ['killed', 4],
  })
  expect(lines.slice(-3)).toEqual([
    'failed: `npm run --silent test:dotnet` ended with 3',
    'failed: `npm test --silent` ended with 4 and without its counts',
    '2 passed, 2 failed',
  ])
  expect(status).toBe(1)
})
