import { hostNow, model } from '../model/store.ts'
import { select } from '../select.ts'
import { span, until } from '../view.ts'
import { active } from './named.tsx'
import type { Item } from './shapes.ts'
import type { Stage } from './stage.ts'

const SHORTEST_MS = 2_000
const LONGEST_MS = 3_600_000

/** @param share of what is shown; positive: later */
export function pan(share: number): void {
  const now = hostNow()
  const next = (until.value ?? now) + share * shownMs()
  until.value = next >= now - 200 ? null : next
}

export function zoom(factor: number): void {
  span.value = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, shownMs() * factor))
}

export function backToNow(): void {
  until.value = null
}

export function pauseOrGoOn(): void {
  until.value = until.value === null ? hostNow() : null
}

/** Shows that stretch of time, with some room beside it. */
export function show(from: number, to: number): void {
  const room = (to - from) * 0.12
  span.value = Math.max(SHORTEST_MS, to - from + 2 * room)
  until.value = Math.min(hostNow(), to + room)
}

function shownMs(): number {
  const { since } = model.value
  return span.value ?? Math.max(15_000, hostNow() - (since ?? hostNow()))
}

/** The keys that go from one thing to the next. */
export function movesOf(stage: Stage): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const row = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) go(stage, inRow(stage, step))
    else if (row !== undefined) go(stage, inNextRow(stage, row))
    else if (event.key === 'Enter' && active.value?.work != null)
      select({ kind: 'work', ...active.value.work })
    else return
    event.preventDefault()
  }
}

function go(stage: Stage, item: Item | undefined): void {
  if (item === undefined) return
  active.value = item
  const scene = stage.scene.value
  if (scene === null) return
  const x = item.x - scene.left
  // A picture that moves on would take it away under the one who reads.
  if (until.value === null) until.value = hostNow()
  if (x < 20) pan(-0.4)
  else if (x > scene.width - 20) pan(0.4)
  stage.refresh()
}

function inRow(stage: Stage, step: number): Item | undefined {
  const items = stage.scene.value?.layout.items ?? []
  const current = active.value
  if (current === null) return items.at(-1)
  const row = items.filter(({ row: name }) => name === current.row)
  const index = row.findIndex(({ id }) => id === current.id)
  return index < 0 ? nearest(row, current.at) : row[index + step]
}

function inNextRow(stage: Stage, step: number): Item | undefined {
  const { items = [], rows = [] } = stage.scene.value?.layout ?? {}
  const current = active.value
  if (current === null) return items.at(-1)
  const names = rows.map(({ name }) => name)
  for (let index = names.indexOf(current.row) + step; index >= 0 && index < names.length; index += step) {
    const found = nearest(
      items.filter(({ row }) => row === names[index]),
      current.at,
    )
    if (found !== undefined) return found
  }
  return undefined
}

function nearest(items: readonly Item[], at: number): Item | undefined {
  return items.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0]
}
