import { execFile } from 'node:child_process'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findRedisServer, type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { onTestFinished } from 'vitest'

const operations = resolve(import.meta.dirname, '../../../examples/operations')

/** The data of one server, beside a place for backups, while servers come and go. All of it ends with the test. */
export interface DataDirectory {
  readonly path: string
  /** A path beside the data. */
  beside(name: string): string
  /** Starts a server on the data, at the same port each time. It acknowledges what is on disk. */
  serve(): Promise<RunningRedis>
  /** Runs a script of `examples/operations`, as an operator does. Rejects when it fails. */
  run(script: string, ...args: readonly string[]): Promise<void>
}

export async function openDataDirectory(): Promise<DataDirectory> {
  const binary = await findRedisServer()
  const root = temporaryDirectory()
  const path = join(root.path, 'data')
  await promisify(execFile)('mkdir', [path])
  let server: RunningRedis | undefined
  onTestFinished(async () => {
    await server?.stop()
    await root.remove()
  })
  // redis-cli and its companions are where the server is.
  const PATH = [dirname(binary.path), process.env['PATH']].join(delimiter)
  return {
    path,
    beside: (name) => join(root.path, name),
    async serve() {
      server = await startRedis({
        binary,
        dir: path,
        args: ['--appendonly', 'yes', '--appendfsync', 'always'],
        ...(server && { port: server.port }),
      })
      return server
    },
    async run(script, ...args) {
      await promisify(execFile)(join(operations, script), args, {
        env: { ...process.env, ...binary.env, PATH },
        timeout: 60_000,
      })
    },
  }
}
