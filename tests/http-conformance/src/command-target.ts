import { type ShellCommands, type StartedApp, startByCommand } from './app-process.ts'
import { behindFaultyRedis, spoilStrings } from './redis-faults.ts'
import type { RunnableTarget } from './run.ts'
import type { Capabilities, HttpTarget } from './target.ts'

export interface CommandTargetOptions {
  readonly commands: ShellCommands
  /** The app gets it as `REDIS_URL`. The cases may destroy the data of this server. Default: the app has no Redis. */
  readonly redisUrl?: string | undefined
  /** Further environment variables of the app. */
  readonly env?: Readonly<Record<string, string>>
  /** The features that the app declares. */
  readonly has?: Omit<Capabilities, 'second' | 'spawn' | 'faults' | 'spoil'>
  readonly missing?: HttpTarget['missing']
  /** Drops the app's output. Default false. */
  readonly quiet?: boolean
}

/** Any app. The runner starts, pauses and kills its processes, and a proxy loses replies of its Redis. */
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
