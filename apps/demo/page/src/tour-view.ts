import { effect } from '@preact/signals'
import { part } from './model/store.ts'
import { show } from './picture/moves.ts'
import { select } from './select.ts'
import { span, until } from './view.ts'

/** What a step is seen in while it acts. */
const SPAN_MS = 45_000
/** Its end: the visitor has the picture again. */
const LAST = 6

/** The picture follows the tour: now while a step acts, the whole of it when it is over. Returns what ends that. */
export function followTour(): () => void {
  let shown = ''
  let wasOn = false
  return effect(() => {
    const { step, state, from, to, work } = part('tour').value
    const now = step === null ? '' : `${step}:${state}:${from}:${to}`
    if (now === shown) return
    shown = now
    // A page that is opened without a tour has the view of its address.
    if (step === null && !wasOn) return
    wasOn = step !== null
    if (step === null || step === LAST) {
      until.value = null
      span.value = SPAN_MS
      select(null)
      return
    }
    if (work !== null) select({ kind: 'work', ...work })
    if (state === 'acting' || to === null) {
      until.value = null
      span.value = SPAN_MS
    } else show(from, to)
  })
}
