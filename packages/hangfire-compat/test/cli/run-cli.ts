import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runProgram } from '../../src/cli/run-program.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the program itself, from its source. @param flags of Node, before the program */
export async function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<CliRun> {
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', ...flags, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, REDIS_URL: '', ...env },
  })
  const ended = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await ended) as [number]
  return { code, out, err }
}

/** The same in this process, which has loaded it already. */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  const before = process.env
  process.env = { ...before, REDIS_URL: '', ...env }
  try {
    const { code, out = '', err = '' } = await runProgram(args)
    return { code, out, err: err && `holdfast-hangfire: ${err}\n` }
  } finally {
    process.env = before
  }
}
