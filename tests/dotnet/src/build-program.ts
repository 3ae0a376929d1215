import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './run-cli.ts'
import { type StorageVersion, storages } from './storages.ts'

const workspace = join(import.meta.dirname, '..')
const project = join(workspace, 'program/Acme.Reviews.csproj')

/** The SDK, or a package, is not to be had here. What does not compile is another matter. */
export class MissingError extends Error {}

/** NuGet: no such package, no such version, no source answers. The SDK: it is too old for the program. */
const NOT_THERE = /error (NU110[0-3]|NU1301|NU1801|NETSDK1045)/

/** @throws MissingError when there is no SDK */
export async function sdkVersion(): Promise<string> {
  const { code, output } = await dotnet(['--version'])
  if (code === 0) return output.trim()
  throw new MissingError(
    code === undefined ? 'no .NET SDK: there is no `dotnet` on PATH' : `no .NET SDK: ${output.trim()}`,
  )
}

/** What .NET compiles of src/contract-jobs.ts. */
export async function makeContract(): Promise<void> {
  const folder = join(workspace, '.cache/contract')
  mkdirSync(folder, { recursive: true })
  const jobs = join(import.meta.dirname, 'contract-jobs.ts')
  const { code, err } = await runCli(
    'contract',
    jobs,
    '--namespace',
    'Acme.Live',
    '--out',
    join(folder, 'Live.cs'),
  )
  if (code !== 0) throw new Error(`holdfast-hangfire contract failed:\n${err}`)
}

/**
 * Compiles the program on one generation of the storage, or finds that it is compiled already.
 *
 * @returns the path of the assembly
 * @throws MissingError when a package is not there
 */
export async function buildProgram(storage: StorageVersion): Promise<string> {
  const folder = join(workspace, '.cache/program', storage)
  const settings = [
    `-p:HangfireRedisVersion=${storage}`,
    `-p:StackExchangeRedisVersion=${storages[storage].stackExchangeRedis}`,
    // All files of a generation, so that both compile at once.
    '--artifacts-path',
    folder,
  ]
  const restored = await dotnet(['restore', project, ...settings])
  if (restored.code !== 0) {
    const lines = restored.output.split('\n').filter((line) => NOT_THERE.test(line))
    if (lines.length === 0) throw new Error(`dotnet restore failed:\n${restored.output}`)
    throw new MissingError(
      [...new Set(lines.map((line) => line.replace(/^.*?error /, '').replace(/ \[.*$/, '')))].join('; '),
    )
  }
  const built = await dotnet(['build', project, '--no-restore', '-c', 'Release', ...settings])
  if (built.code !== 0)
    throw new Error(`The program does not compile on storage ${storage}:\n${built.output}`)
  return join(folder, 'bin/Acme.Reviews/release/Acme.Reviews.dll')
}

/** `code` is undefined when there is nothing to run. */
function dotnet(
  args: readonly string[],
): Promise<{ readonly code: number | undefined; readonly output: string }> {
  return new Promise((settle) => {
    const child = spawn('dotnet', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DOTNET_CLI_TELEMETRY_OPTOUT: '1',
        DOTNET_NOLOGO: '1',
        DOTNET_CLI_UI_LANGUAGE: 'en',
      },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.once('error', (error) => settle({ code: undefined, output: error.message }))
    child.once('close', (code) => settle({ code: code ?? 1, output }))
  })
}
