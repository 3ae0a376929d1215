import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { plural } from './format.ts'
import { hostNow, model } from './model/store.ts'
import { exceptionsOf } from './picture/happenings.ts'

/** At most one sentence in this time. */
const PAUSE_MS = 3_000

/** So many of the newest are looked at. */
const MOST = 40

/** Says exceptions aloud, to those who do not see the picture. */
export function Announcer(): JSX.Element {
  const said = useSignal('')
  useEffect(() => {
    let seen: ReadonlySet<string> = new Set()
    const opened = hostNow()
    const timer = setInterval(() => {
      const all = exceptionsOf(model.peek(), MOST)
      const news = all.filter(({ id, at }) => at >= opened && !seen.has(id))
      const last = news.at(-1)
      if (last === undefined) return
      seen = new Set(all.map(({ id }) => id))
      const more = news.length === 1 ? '' : `, and ${plural(news.length - 1, 'more exception')}`
      said.value = `${last.where}: ${last.what}${last.job === '' ? '' : `, ${last.job}`}${more}`
    }, PAUSE_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <p class="heard" aria-live="polite">
      {said.value}
    </p>
  )
}
