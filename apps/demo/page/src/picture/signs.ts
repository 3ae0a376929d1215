import type { Work } from '../../../src/events/page-event.ts'
import type { Model } from '../model/model.ts'
import type { Board } from './board.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import { middleY } from './row-content.ts'
import type { Item, SignShape } from './shapes.ts'
import type { SignThing } from './things.ts'
import { cacheWords, signWords } from './words.ts'

export const SIGN = 16
/** Marks of one kind, job and row that are nearer than this are one mark with a count. */
const MERGE_PX = 8
/** On these tracks a sign looks for its place. Where there is none, only the table has it. */
const TRACKS = 6

export interface Signs {
  readonly shapes: readonly SignShape[]
  readonly wishes: readonly LabelWish[]
  readonly items: readonly Item[]
  readonly trackCount: number
}

/** Starts that did nothing, and what the cache gave. */
export function signsOf(
  { model, scale, selected }: LayoutInput,
  things: readonly SignThing[],
  row: string,
  top: number,
  board: Board,
): Signs {
  const shapes: SignShape[] = []
  const wishes: LabelWish[] = []
  const items: Item[] = []
  let trackCount = 0
  for (const group of merged(things, scale.xOf)) {
    const [first] = group
    const x = scale.xOf(first.at)
    const track = freeTrack(board, x, top)
    if (track === undefined) continue
    const y = middleY(top, track) - SIGN / 2
    const box = { x: x - SIGN / 2, y, w: SIGN, h: SIGN }
    board.take(box)
    trackCount = Math.max(trackCount, track + 1)
    const { id, count, texts, work, say } = factsOf(model, group)
    shapes.push({ ...box, kind: 'sign', id, sign: first.sign, count, isSelected: first.key === selected })
    const beside = { form: 'outside', x: x + SIGN / 2 + 4, align: 'left', y: y + SIGN / 2 } as const
    if (texts.length > 0) {
      wishes.push({ importance: 'rest', tone: 'quiet', places: texts.map((text) => ({ ...beside, text })) })
    }
    items.push({ ...box, id, row, at: first.at, say, work, isException: false })
  }
  return { shapes, wishes, items, trackCount }
}

interface Facts {
  readonly id: string
  readonly count: number
  /** In order of preference. */
  readonly texts: readonly string[]
  readonly work: Work | null
  readonly say: () => string
}

function factsOf(model: Model, group: Group): Facts {
  const [first] = group
  if ('use' in first) {
    const { sign, use } = first
    const uses = group.flatMap((each) => ('use' in each ? [each.use] : []))
    const count = uses.reduce((sum, each) => sum + each[sign], 0)
    const verb = sign === 'loaded' ? 'computed' : 'shared'
    return {
      id: `${sign}:${use.instance}:${use.namespace}:${use.at}`,
      count,
      texts: [`${use.namespace} ${verb}`, verb],
      work: null,
      say: () => cacheWords(use, sign, count),
    }
  }
  const { sign, call } = first
  const calls = group.flatMap((each) => ('call' in each ? [each.call] : []))
  const count = calls.length
  const text = sign === 'away' ? `${count > 1 ? `${count} ` : ''}turned away` : `${count} got it`
  return {
    id: `${sign}:${call.id}`,
    count,
    texts: [...(sign === 'away' || count > 1 ? [text] : []), ...(count > 1 ? [String(count)] : [])],
    work: call,
    say: () => signWords(model, sign, calls),
  }
}

type Group = readonly [SignThing, ...SignThing[]]

function merged(
  things: readonly SignThing[],
  xOf: (at: number) => number,
): readonly (readonly [SignThing, ...SignThing[]])[] {
  const groups: [SignThing, ...SignThing[]][] = []
  const latest = new Map<string, [SignThing, ...SignThing[]]>()
  for (const thing of things) {
    const kind = `${thing.sign}:${thing.key}`
    const group = latest.get(kind)
    if (group !== undefined && xOf(thing.at) - xOf(group[0].at) <= MERGE_PX) {
      group.push(thing)
      continue
    }
    const made: [SignThing, ...SignThing[]] = [thing]
    groups.push(made)
    latest.set(kind, made)
  }
  return groups
}

function freeTrack(board: Board, x: number, top: number): number | undefined {
  for (let track = 0; track < TRACKS; track += 1) {
    const box = { x: x - SIGN / 2, y: middleY(top, track) - SIGN / 2, w: SIGN, h: SIGN }
    if (board.isFree(box)) return track
  }
  return undefined
}
