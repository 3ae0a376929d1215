import { effect } from '@preact/signals'
import { JOB_TYPES } from '../../src/jobs/job.ts'
import { part } from './model/store.ts'
import { select } from './select.ts'
import { selection, span, until } from './view.ts'

/** What the address says: any view can be sent to a colleague. */
export interface Address {
  readonly job: { readonly jobType: (typeof JOB_TYPES)[number]; readonly jobKey: string } | null
  readonly instance: string | null
  /** The right edge of the picture, by the host's clock. */
  readonly until: number | null
  readonly spanMs: number | null
}

export function parseAddress(hash: string): Address {
  const values = new URLSearchParams(hash.replace(/^#/, ''))
  const [type = '', ...key] = (values.get('job') ?? '').split(':')
  const jobType = JOB_TYPES.find((each) => each === type)
  const number = (name: string): number | null => {
    const value = Number(values.get(name) ?? Number.NaN)
    return Number.isFinite(value) && value > 0 ? value : null
  }
  return {
    job: jobType === undefined || key.length === 0 ? null : { jobType, jobKey: key.join(':') },
    instance: values.get('instance'),
    until: number('t'),
    spanMs: number('span'),
  }
}

export function addressOf({ job, instance, until: right, spanMs }: Address, tourStep: number | null): string {
  const values = new URLSearchParams()
  if (job !== null) values.set('job', `${job.jobType}:${job.jobKey}`)
  if (instance !== null) values.set('instance', instance)
  if (right !== null) {
    values.set('t', String(Math.round(right)))
    if (spanMs !== null) values.set('span', String(Math.round(spanMs)))
  }
  if (tourStep !== null) values.set('tour', String(tourStep))
  const text = values.toString().replaceAll('%3A', ':')
  return text === '' ? '' : `#${text}`
}

/** Takes the view from the address, and keeps the address in step with it. Returns what ends that. */
export function keepAddress(): () => void {
  const take = (): void => {
    const address = parseAddress(location.hash)
    if (address.job !== null) select({ kind: 'work', ...address.job })
    else if (address.instance !== null) select({ kind: 'instance', name: address.instance })
    if (address.until !== null) until.value = address.until
    if (address.spanMs !== null) span.value = address.spanMs
  }
  take()
  addEventListener('hashchange', take)
  const stop = effect(() => {
    const chosen = selection.value
    const hash = addressOf(
      {
        job: chosen?.kind === 'work' ? chosen : null,
        instance: chosen?.kind === 'instance' ? chosen.name : null,
        until: until.value,
        spanMs: span.value,
      },
      part('tour').value.step,
    )
    if (hash !== location.hash)
      history.replaceState(null, '', `${location.pathname}${location.search}${hash}`)
  })
  return () => {
    removeEventListener('hashchange', take)
    stop()
  }
}
