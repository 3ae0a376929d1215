import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RunningRedis, type StartRedisOptions, startRedis } from '@holdfast/test-support/redis'
import { RespConnection, type RespValue } from '@holdfast/test-support/resp'
import { temporaryDirectory } from '@holdfast/test-support/servers'

const root = join(import.meta.dirname, '../../../..')
const folder = join(root, 'examples/operations')

/** A template of `examples/operations`, as users copy it. */
export function templateOf(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

export interface TemplateOptions extends Pick<StartRedisOptions, 'args' | 'readyLine'> {
  /** What an operator replaces in the text beside the directory of the data. Default: nothing. */
  readonly edit?: (text: string) => string
}

/** A server whose configuration is one template, or several after each other. */
export interface TemplateServer extends AsyncDisposable {
  readonly port: number
  /** As the user `admin`, if the template has one. */
  ask(...words: readonly (string | number)[]): Promise<RespValue>
  /** Kills it, and starts it again with what its directory and its configuration file have become. */
  restart(): Promise<void>
}

/** Starts it on 127.0.0.1, in a temporary directory, which is where its data goes. */
export async function startTemplate(
  names: readonly string[],
  { edit = (text) => text, ...options }: TemplateOptions = {},
): Promise<TemplateServer> {
  const directory = temporaryDirectory()
  const text = names.map(templateOf).join('\n')
  const configFile = join(directory.path, 'redis.conf')
  writeFileSync(configFile, edit(text).replace(/^dir .*$/m, `dir ${directory.path}`))
  const start = async (port?: number): Promise<RunningRedis> =>
    await startRedis({ dir: directory.path, configFile, ...options, ...(port === undefined ? {} : { port }) })
  let running: RunningRedis
  try {
    running = await start()
  } catch (error) {
    await directory.remove()
    throw error
  }
  const { port } = running
  return {
    port,
    async ask(...words) {
      using connection = await RespConnection.open({ port })
      if (/^user admin /m.test(text)) await connection.send('AUTH', 'admin', 'change-me-admin')
      return await connection.send(...words)
    },
    async restart() {
      await running.stop()
      running = await start(port)
    },
    async [Symbol.asyncDispose]() {
      await running.stop()
      await directory.remove()
    },
  }
}

const run = promisify(execFile)

/** Runs an example of `examples/operations` as a reader does; resolves with both of its outputs. */
export async function runExample(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = ['--conditions=@holdfast/source', '--no-warnings', join(folder, name)]
  return await run(process.execPath, args, { cwd: root, env: { ...process.env, ...env } })
}
