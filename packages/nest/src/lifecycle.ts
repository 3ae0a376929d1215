import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common'
import type { Holdfast } from '@holdfast/core'
import type { HttpRuntime } from './http/http-runtime.ts'
import type { HoldfastModuleSettings } from './module-options.ts'

/**
 * Logs what becomes of the connection, and ends the instance when the app ends. `onApplicationShutdown` is the last of
 * Nest's hooks: no connection is open any more, so what still runs are requests whose clients hung up, and background
 * bodies. The requests may end first; then the signals of the bodies are aborted, leases and executions are given back,
 * and Holdfast's own subscriptions end, all within `graceMs`. A `Holdfast` that was handed in is left to whoever made
 * it, unless `closeHoldfast` says otherwise; the Redis client always is.
 */
export class Lifecycle implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #holdfast: Holdfast
  readonly #http: HttpRuntime
  readonly #settings: HoldfastModuleSettings
  readonly #logger: Logger
  #stopLogging: () => void = () => undefined

  constructor(holdfast: Holdfast, http: HttpRuntime, settings: HoldfastModuleSettings, name: string) {
    this.#holdfast = holdfast
    this.#http = http
    this.#settings = settings
    this.#logger = new Logger(`Holdfast ${name}`)
  }

  onModuleInit(): void {
    const { logConnection = true } = this.#settings
    if (logConnection) this.#stopLogging = this.#logConnection()
  }

  beforeApplicationShutdown(): void {
    // Open requests are about to be waited for.
    this.#http.endWaits()
  }

  async onApplicationShutdown(): Promise<void> {
    const { graceMs = 10_000 } = this.#settings
    const startedAt = performance.now()
    await within(graceMs, this.#http.drained())
    this.#stopLogging()
    const remainingMs = Math.max(0, graceMs - (performance.now() - startedAt))
    if (isOurs(this.#settings)) await this.#holdfast.close({ graceMs: remainingMs })
  }

  #logConnection(): () => void {
    const { connection } = this.#holdfast
    let lostAt = connection.state === 'ready' ? undefined : performance.now()
    if (lostAt !== undefined) this.#logger.warn('Waiting for the storage')
    return connection.onChange((state) => {
      if (state === 'ready') {
        const downMs = lostAt === undefined ? 0 : Math.round(performance.now() - lostAt)
        lostAt = undefined
        this.#logger.log(`Connected to the storage, after ${downMs} ms without`)
      } else if (lostAt === undefined) {
        lostAt = performance.now()
        this.#logger.warn('Lost the storage, waiting for it')
      }
    })
  }
}

function isOurs(settings: HoldfastModuleSettings): boolean {
  return 'holdfast' in settings ? (settings.closeHoldfast ?? false) : true
}

function within(ms: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    done.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
