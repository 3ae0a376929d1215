import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { clockOf, lengthOf } from '../format.ts'
import { hostNow } from '../model/store.ts'
import { connection } from '../view.ts'

/** While the server does not answer: since when, what one sees, and when it is asked again. */
export function LostLine({ retryNow }: { readonly retryNow: () => void }): JSX.Element | null {
  const link = connection.value
  const now = useSignal(Date.now())
  const isLost = link.state === 'lost'
  useEffect(() => {
    if (!isLost) return
    now.value = Date.now()
    const timer = setInterval(() => (now.value = Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [isLost])
  if (link.state !== 'lost') return null
  const seconds = Math.max(0, Math.ceil((link.retryAt - now.value) / 1_000))
  return (
    <div class="lost-line">
      {/* Only that it is lost is said aloud, not every second of it. */}
      <b role="alert">Connection lost</b> {lengthOf(Math.max(1_000, now.value - link.since))} ago. You see
      what was known at {clockOf(hostNow())}. Trying again {seconds === 0 ? 'now' : `in ${seconds} s`}.{' '}
      <button type="button" class="link" onClick={retryNow}>
        Try now
      </button>
    </div>
  )
}
