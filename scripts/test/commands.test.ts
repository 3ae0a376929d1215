import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** What `npm run` starts, without npm. */
function argumentsOf(command: string, ...flags: readonly string[]): string[] {
  const [program, ...args] = scripts[command]?.split(' ') ?? []
  expect(program).toBe('node')
  return [...args, ...flags]
}

function outcomeOf(
  command: string,
  { flags = [], env = process.env }: { flags?: readonly string[]; env?: NodeJS.ProcessEnv },
): Promise<{ code: unknown; out: string; err: string }> {
  return new Promise((settle) =>
    execFile(process.execPath, argumentsOf(command, ...flags), { cwd: root, env }, (error, out, err) =>
      settle({ code: error?.code ?? 0, out, err }),
    ),
  )
}

describe.for(['compat', 'sim', 'chaos', 'torture', 'bench', 'test:dotnet', 'release:rehearse'])(
  'npm run %s',
  (command) => {
    it('tells what it takes', async () => {
      const { code, out, err } = await outcomeOf(command, { flags: ['--help'] })
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(new RegExp(`^npm run ${command} -- \\[`))
    })

    it.for(['--nonsense', 'nonsense'])('says in one line that it takes no %s', async (flag) => {
      const { code, out, err } = await outcomeOf(command, { flags: [flag] })
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(/^[^\n]*nonsense[^\n]*\n$/)
    })
  },
)

describe('npm run test:dotnet, without an SDK', () => {
  it('says so, skips every case, and succeeds', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'commands-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    writeFileSync(join(directory, 'dotnet'), '#!/bin/sh\necho No .NET SDKs were found.; exit 145', {
      mode: 0o755,
    })
    const PATH = `${directory}:${process.env['PATH']}`
    const { code, out } = await outcomeOf('test:dotnet', { env: { ...process.env, PATH } })
    expect(out).toMatch(/^Missing: .*No \.NET SDKs were found\.$/m)
    expect(out).toMatch(/\n0 passed, 0 failed, [1-9]\d+ skipped\n$/)
    expect(code).toBe(0)
  })
})

/** By what it is ended, how it is started, and what it has in its directory when it is at work: something to leave. */
const interrupted: Readonly<
  Record<string, readonly [NodeJS.Signals, flags: string[], atWork: (directory: string) => boolean]>
> = {
  // The stage and a server.
  compat: ['SIGINT', ['--only', 'packed'], (directory) => readdirSync(directory).length >= 2],
  // A worker has witnessed something.
  chaos: [
    'SIGTERM',
    ['--workers', '2'],
    (directory) =>
      globSync(join(directory, '*/witness')).some((file) => readFileSync(file, 'utf8').includes('worker')),
  ],
}

describe.for(Object.entries(interrupted))('npm run %s, interrupted', ([command, [signal, flags, atWork]]) => {
  it(`by ${signal}, leaves neither files nor processes`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'commands-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const child = spawn(process.execPath, argumentsOf(command, ...flags), {
      cwd: root,
      env: { ...process.env, TMPDIR: directory },
      stdio: 'ignore',
      detached: true, // a separate process group, which its children are in
    })
    onTestFinished(() => endGroup(child))
    const exited = once(child, 'exit')
    await expect.poll(() => atWork(directory)).toBe(true)
    child.kill(signal)
    expect(await exited).toEqual([128 + constants.signals[signal], null])
    await expect.poll(() => [readdirSync(directory), isAlive(child)]).toEqual([[], false])
  })
})

function isAlive({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0)
  } catch {
    return false
  }
}

function endGroup(child: ChildProcess): void {
  if (isAlive(child)) process.kill(-(child.pid ?? 0), 'SIGKILL')
}
