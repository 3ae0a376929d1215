import { act } from './act.ts'
import { workKey } from './model/model.ts'
import { hostNow, model } from './model/store.ts'
import { active, openedStage } from './picture/named.tsx'
import { backToNow, pan, pauseOrGoOn, show, zoom } from './picture/moves.ts'
import { select } from './select.ts'
import { dialog, hasLetterKeys, selection, span, until } from './view.ts'

const REGIONS: Readonly<Record<string, string>> = {
  i: 'instances',
  r: 'reviews',
  l: 'locks',
  c: 'cache',
  o: 'log',
}

/** After `g`, so long for the second key. */
const SECOND_MS = 1_500

/** The keys of the page; a single letter can be switched off. Returns what ends it. */
export function listenToKeys(): () => void {
  let goingSince = 0
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (dialog.value !== null || isTyping(event.target)) return
    if (event.key === 'Escape') escape()
    else if (!hasLetterKeys.value) return
    else if (Date.now() - goingSince < SECOND_MS && REGIONS[event.key] !== undefined)
      goTo(REGIONS[event.key] ?? '')
    else if (event.key === 'g') {
      goingSince = Date.now()
      return
    } else if (!press(event)) return
    goingSince = 0
    event.preventDefault()
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  )
}

function escape(): void {
  if (selection.value !== null || active.value !== null) {
    select(null)
    active.value = null
  } else if (model.value.tour.step !== null) void act('tour', { go: 'end' })
}

function goTo(id: string): void {
  const region = document.getElementById(id)
  if (region === null) return
  region.scrollIntoView({ block: 'start' })
  const heading = region.querySelector('h2')
  heading?.setAttribute('tabindex', '-1')
  heading?.focus({ preventScroll: true })
}

/** Whether the key does something. */
function press({ key, target }: KeyboardEvent): boolean {
  const isButton = target instanceof HTMLElement && target.closest('button, a, summary') !== null
  if (key === ' ' && isButton) return false
  const isInDiff = target instanceof HTMLElement && target.closest('#reviews') !== null
  const does = keyOf(key, isInDiff)
  does?.()
  return does !== undefined
}

function keyOf(key: string, isInDiff: boolean): (() => void) | undefined {
  const { step } = model.value.tour
  const isTour = step !== null
  const tour =
    (go: 'start' | 'next' | 'back' | 'again'): (() => void) =>
    () =>
      void act('tour', step === null ? { go } : { go, from: step })
  const keys: Readonly<Record<string, (() => void) | undefined>> = {
    a: () => pan(-0.25),
    d: () => pan(0.25),
    w: () => zoom(0.8),
    s: () => zoom(1.25),
    '0': backToNow,
    ' ': pauseOrGoOn,
    f: zoomToSelection,
    '[': () => toAttempt(-1),
    ']': () => toAttempt(1),
    j: () => void act('fire', { times: 15, waiting: 2 }),
    k: () => toRow('kill'),
    z: () => toRow('freeze'),
    c: () => toRow('cut'),
    t: isTour ? undefined : tour('start'),
    n: isTour && !isInDiff ? tour('next') : undefined,
    b: isTour ? tour('back') : undefined,
    r: isTour ? tour('again') : undefined,
    '?': () => (dialog.value = { name: 'keys' }),
    '/': () => document.querySelector<HTMLElement>('#log input')?.focus(),
  }
  return keys[key]
}

let before: { readonly span: number | null; readonly until: number | null } | undefined

/** Again: back to what was shown before. */
function zoomToSelection(): void {
  if (before !== undefined) {
    span.value = before.span
    until.value = before.until
    before = undefined
    return
  }
  const chosen = selection.value
  const work =
    chosen?.kind === 'work' ? model.value.works.get(`${chosen.jobType}:${chosen.jobKey}`) : undefined
  if (work === undefined) return
  before = { span: span.value, until: until.value }
  const isRunning = work.attempts.some((id) => model.value.attempts.get(id)?.endedAt === null)
  show(work.firstAt, isRunning ? hostNow() : work.lastAt)
}

/** The attempt of the same job before or after the one that the keyboard stands on; without one, of the selected job. */
function toAttempt(step: number): void {
  const chosen = selection.value
  const work = active.value?.work ?? (chosen?.kind === 'work' ? chosen : null)
  if (work === null) return
  const attempts = model.value.works.get(workKey(work))?.attempts ?? []
  const index = attempts.indexOf(active.value?.id ?? '')
  const id = attempts[index < 0 ? (step > 0 ? 0 : attempts.length - 1) : index + step]
  const attempt = model.value.attempts.get(id ?? '')
  if (attempt === undefined) return
  select({ kind: 'work', ...work })
  show(attempt.startedAt - 2_000, (attempt.endedAt ?? hostNow()) + 2_000)
  const stage = openedStage.value
  stage?.refresh()
  active.value = stage?.scene.value?.layout.items.find((item) => item.id === id) ?? null
}

/** Does it to the instance of the row in focus: it asks nothing, for this is the demo. */
function toRow(verb: 'kill' | 'freeze' | 'cut'): void {
  const instance = model.value.instances.get(active.value?.row ?? focusedRow() ?? '')
  if (instance === undefined) return
  const input = { instance: instance.name }
  if (verb === 'kill') void act('kill', input)
  else if (verb === 'freeze') void act(instance.state === 'frozen' ? 'thaw' : 'freeze', input)
  else void act(instance.isCut ? 'restore' : 'cut', input)
}

function focusedRow(): string | null {
  return document.activeElement?.closest('.row-head')?.getAttribute('aria-label') ?? null
}
