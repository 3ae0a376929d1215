import { effect } from '@preact/signals'
import { part } from './model/store.ts'
import { show } from './picture/moves.ts'
import { select } from './select.ts'
import { span, until } from './view.ts'

/** The picture follows the tour: now while a step acts, the whole of it when it is over. Returns what ends that. */
export function followTour(): () => void {
  let shown = ''
  return effect(() => {
    const { step, state, from, to, work } = part('tour').value
    const now = step === null ? '' : `${step}:${state}:${from}:${to}`
    if (now === shown) return
    shown = now
    if (step === null) {
      until.value = null
      return
    }
    if (work !== null) select({ kind: 'work', ...work })
    if (state === 'acting' || to === null) {
      until.value = null
      if (span.value === null || span.value > 45_000) span.value = 45_000
    } else show(from, to)
  })
}
