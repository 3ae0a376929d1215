import type { Effect } from '../model/model.ts'
import { workKey } from '../model/model.ts'
import type { Board } from './board.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import type { RowContent } from './row-content.ts'
import type { Item, SignShape } from './shapes.ts'
import { SIGN } from './signs.ts'
import type { SavedThing } from './things.ts'
import { refusedWords, savedWords } from './words.ts'

export const DATABASE_SIGNS = 20
const LINES = [44, 62]

/** What was saved, and what was refused: the only row that counts. */
export function databaseRow(
  input: LayoutInput,
  saved: readonly SavedThing[],
  refused: readonly Effect[],
  top: number,
  board: Board,
): RowContent {
  const { model, scale, selected } = input
  const y = top + DATABASE_SIGNS - SIGN / 2
  const shapes: SignShape[] = []
  const wishes: LabelWish[] = []
  const items: Item[] = []
  // Refused writes have their place before all else.
  for (const effects of nearby(refused, scale.xOf)) {
    const [effect] = effects
    const x = scale.xOf(effect.at)
    const box = { x: x - SIGN / 2, y, w: SIGN, h: SIGN }
    const id = `r:${effect.id}`
    board.take(box)
    const isSelected = effects.some((each) => workKey(each) === selected)
    shapes.push({ ...box, kind: 'sign', id, sign: 'refused', count: effects.length, isSelected })
    const words = refusedWords(model, effect)
    const texts =
      effects.length === 1
        ? [words, 'late write refused', 'refused']
        : [`${effects.length} late writes refused`, 'refused']
    wishes.push({
      importance: 'refused',
      tone: 'stop',
      places: texts.flatMap((text) =>
        LINES.flatMap((line) =>
          (['middle', 'right', 'left'] as const).map(
            (align) => ({ form: 'pill', text, x, align, y: top + line }) as const,
          ),
        ),
      ),
    })
    items.push({
      ...box,
      id,
      row: 'Database',
      at: effect.at,
      say: () => words,
      work: effect,
      isException: true,
    })
  }
  for (const things of nearby(saved, scale.xOf)) {
    const [first] = things
    const x = scale.xOf(first.at)
    const level = { x: x - SIGN / 2, y, w: SIGN, h: SIGN }
    const box = board.isFree(level) ? level : { ...level, y: y + SIGN + 2 }
    board.take(box)
    const count = things.length
    const isSelected = things.some(({ key }) => key === selected)
    shapes.push({ ...box, kind: 'sign', id: first.id, sign: 'saved', count, isSelected })
    if (count > 1) {
      wishes.push({
        importance: 'rest',
        tone: 'done',
        places: [
          { form: 'outside', text: String(count), x: x + SIGN / 2 + 3, align: 'left', y: box.y + SIGN / 2 },
        ],
      })
    }
    const work = model.works.get(first.key) ?? null
    items.push({
      ...box,
      id: first.id,
      row: 'Database',
      at: first.at,
      say: () => savedWords(model, things),
      work,
      isException: false,
    })
  }
  return { shapes, wishes, items, tracks: new Map(), trackCount: 1 }
}

function nearby<T extends { readonly at: number }>(
  things: readonly T[],
  xOf: (at: number) => number,
): readonly (readonly [T, ...T[]])[] {
  const groups: [T, ...T[]][] = []
  for (const thing of things) {
    const last = groups.at(-1)
    if (last !== undefined && xOf(thing.at) - xOf(last[0].at) <= SIGN) last.push(thing)
    else groups.push([thing])
  }
  return groups
}
