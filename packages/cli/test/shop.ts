/** One Redis for a test file, with what a shop has in it. */
import { type Holdfast, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { type CliRun, type Environment, runCli } from './run-cli.ts'

export interface Shop extends AsyncDisposable {
  readonly server: RunningRedis
  readonly admin: Redis
  readonly holdfast: Holdfast
  /** Of the shop, with its prefix. */
  readonly env: Environment
  run(...args: readonly string[]): Promise<CliRun>
  /** The same as another user. */
  runAs(user: string, ...args: readonly string[]): Promise<CliRun>
}

export async function openShop(): Promise<Shop> {
  const server = await startRedis()
  const admin = new Redis(server.url)
  const holdfast = createHoldfast({
    storage: ioredisStorage(admin),
    prefix: 'shop',
    instance: 'web-1:77',
    callTimeoutMs: 60_000,
  })
  const env = { HOLDFAST_REDIS_URL: server.url, HOLDFAST_PREFIX: 'shop' }
  return {
    server,
    admin,
    holdfast,
    env,
    run: (...args) => runCli(args, env),
    runAs: (user, ...args) =>
      runCli(args, {
        ...env,
        HOLDFAST_REDIS_URL: server.url.replace('//', `//${user}@`),
        HOLDFAST_REDIS_PASSWORD: 'secret',
      }),
    async [Symbol.asyncDispose]() {
      await holdfast.close()
      admin.disconnect()
      await server.stop()
    },
  }
}

/** A user who may read, and run no scripts. */
export async function addReader({ admin }: Shop): Promise<void> {
  await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+@connection', '+info')
}
