import { type ReadonlySignal, signal } from '@preact/signals'
import { hostNow } from './model/store.ts'

/** Fast enough for tenths of a second to be seen counting, and slow enough to cost nothing. */
const TICK_MS = 250

let timer: ReturnType<typeof setInterval> | undefined

const tick = (): void => {
  if (!document.hidden) now.value = hostNow()
}

const now = signal(0, {
  watched: () => {
    tick()
    timer = setInterval(tick, TICK_MS)
  },
  unwatched: () => clearInterval(timer),
})

/** Now, by the host's clock. It ticks while a component on the page reads it. */
export const ticking: ReadonlySignal<number> = now
