import type { DatabaseNews, Stamp } from '../../../src/events/page-event.ts'
import type { Draft } from './draft.ts'
import { touchWork } from './fold-work.ts'

/** So many of the last are shown. */
const CLEAN_UPS = 4

export function foldDatabase(draft: Draft, event: Stamp & DatabaseNews): void {
  switch (event.type) {
    case 'clean-up': {
      const { slot, instance, reviews, lines } = event
      for (const id of reviews) draft.map('reviews').delete(id)
      draft.cleanUps = [...draft.cleanUps, { slot, instance, reviews: reviews.length, lines }].slice(
        -CLEAN_UPS,
      )
      return
    }
    case 'verdict': {
      const { type: _type, seq: _seq, at: _at, source: _source, ...verdict } = event
      draft.verdict = verdict
      return
    }
    case 'sums': {
      const { type: _type, seq: _seq, at: _at, source: _source, ...sums } = event
      draft.sums = sums
      return
    }
    case 'control.ran': {
      const control = draft.map('control')
      for (const { callId, outcome } of event.starts) control.set(callId, outcome)
      return
    }
    case 'row': {
      const { type: _type, seq: _seq, source: _source, ...row } = event
      draft.list('rows').push(row)
      return
    }
    case 'effect.saved':
    case 'effect.refused': {
      const { type: _type, seq, source: _source, ...effect } = event
      const newestToken = 'newestToken' in effect ? effect.newestToken : null
      draft.list('effects').push({ ...effect, id: seq, newestToken })
      const fences = [effect.fencingToken, ...(newestToken === null ? [] : [newestToken])]
      touchWork(draft, effect, effect.at, { fences })
    }
  }
}
