import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common'
import type { Holdfast } from '@holdfast/core'
import { appSettings, closeAfter, logConnection } from '@holdfast/http'
import type { HttpRuntime } from './http/http-runtime.ts'
import type { HoldfastModuleSettings } from './module-options.ts'

/**
 * Logs what becomes of the connection, and ends the instance when the app ends. `onApplicationShutdown` is the last of
 * Nest's hooks: no connection is open any more, so what still runs are requests whose clients hung up, and background
 * bodies. The requests may end first; then the signals of the bodies are aborted, leases and executions are released,
 * and Holdfast's own subscriptions end, all within `graceMs`. A `Holdfast` that was handed in is left to the code that made
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
    const { logConnection: log } = appSettings(this.#settings)
    if (!log) return
    this.#stopLogging = logConnection(this.#holdfast, {
      waiting: () => this.#logger.warn('Waiting for the storage'),
      lost: () => this.#logger.warn('Lost the storage, waiting for it'),
      ready: (downMs) => this.#logger.log(`Connected to the storage, after ${downMs} ms without`),
    })
  }

  beforeApplicationShutdown(): void {
    // Open requests are about to be waited for.
    this.#http.endWaits()
  }

  async onApplicationShutdown(): Promise<void> {
    const { graceMs } = appSettings(this.#settings)
    await closeAfter(this.#http.drained(), graceMs, async (grace) => {
      this.#stopLogging()
      if (isOurs(this.#settings)) await this.#holdfast.close(grace)
    })
  }
}

function isOurs(settings: HoldfastModuleSettings): boolean {
  return 'holdfast' in settings ? (settings.closeHoldfast ?? false) : true
}
