import { type ShellCommands, type StartedApp, startByCommand } from './app-process.ts'
import { behindFaultyRedis, spoilStrings } from './redis-faults.ts'
import type { RunnableTarget } from './run.ts'
import type { Capabilities, HttpTarget } from './target.ts'

export interface CommandTargetOptions {
  readonly commands: ShellCommands
  /** The app gets it as `REDIS_URL`. What this server holds may be spoilt. Default: the app has no Redis. */
  readonly redisUrl?: string | undefined
  /** What else the app gets in its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** What the app says itself that it can do. */
  readonly has?: Omit<Capabilities, 'second' | 'spawn' | 'faults' | 'spoil'>
  readonly missing?: HttpTarget['missing']
  /** Drops what the app prints. Default false. */
  readonly quiet?: boolean
}

/** Any app, in processes that are started, paused and killed, and behind a proxy that loses replies of its Redis. */
export async function commandTarget({
  commands,
  redisUrl,
  env = {},
  has = {},
  missing = {},
  quiet = false,
}: CommandTargetOptions): Promise<RunnableTarget> {
  const start = (url = redisUrl): Promise<StartedApp> =>
    startByCommand(commands, { ...env, ...(url === undefined ? {} : { REDIS_URL: url }) }, quiet)
  let app = await start()
  return {
    ...has,
    missing,
    get url() {
      return app.url
    },
    async prepare(afterFailure) {
      if (!afterFailure && !app.ended) return
      await app.kill()
      app = await start()
    },
    close: () => app.close(),
    ...(redisUrl === undefined
      ? {}
      : {
          second: () => start(),
          spawn: () => start(),
          faults: () => behindFaultyRedis(redisUrl, start),
          spoil: () => spoilStrings(redisUrl),
        }),
  }
}
