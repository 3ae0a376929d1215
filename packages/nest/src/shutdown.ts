import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common'
import type { Holdfast } from '@holdfast/core'
import type { HttpRuntime } from './http/http-runtime.ts'
import type { HoldfastModuleSettings } from './module-options.ts'

/**
 * Ends the instance when the app ends. `onApplicationShutdown` is the last of Nest's hooks: no connection is open any
 * more, so what still runs are requests whose clients hung up, and background bodies. The requests may end first; then
 * the signals of the bodies are aborted, leases and executions are given back, and Holdfast's own subscriptions end,
 * all within `shutdownGraceMs`. A `Holdfast` that was handed in is left to whoever made it; the Redis client always is.
 */
export function closeOnShutdown(
  holdfast: Holdfast,
  http: HttpRuntime,
  settings: HoldfastModuleSettings,
): BeforeApplicationShutdown & OnApplicationShutdown {
  const { shutdownGraceMs = 10_000 } = settings
  const isOurs = !('holdfast' in settings)
  return {
    // Open connections are about to be waited for.
    beforeApplicationShutdown: () => http.endWaits(),
    onApplicationShutdown: async () => {
      const startedAt = performance.now()
      await within(shutdownGraceMs, http.drained())
      const graceMs = Math.max(0, shutdownGraceMs - (performance.now() - startedAt))
      if (isOurs) await holdfast.close({ graceMs })
    },
  }
}

function within(ms: number, done: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    done.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
