import { lengthOf, plural } from '../format.ts'
import type { Spell } from '../model/model.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import { ROW_PADDING } from './row-content.ts'
import type { BandShape, LabelShape, RowBox, Tone } from './shapes.ts'
import { below } from './span-wishes.ts'

export interface Bands {
  readonly shapes: readonly BandShape[]
  readonly wishes: readonly LabelWish[]
}

/** What was true of a row, or of all, for a time. */
export function bandsOf(input: LayoutInput, rows: readonly RowBox[]): Bands {
  const { model, scale, now } = input
  const bottom = rows.at(-1)?.y ?? 0
  const line = rows[0]?.top ?? 0
  const stretch = ({
    from,
    to,
  }: Spell): { readonly x: number; readonly w: number; readonly isOpen: boolean } => {
    const x = scale.xOf(from)
    return { x, w: Math.max(1, scale.xOf(to ?? now) - x), isOpen: to === null }
  }
  const inView = ({ x, w }: { readonly x: number; readonly w: number }): boolean =>
    x < input.left + input.width + 96 && x + w > input.left - 96

  const outages = model.redis.stopped.map((spell) => ({
    ...stretch(spell),
    kind: 'outage' as const,
    y: line,
    h: bottom - line,
    spell,
  }))
  const gaps = model.gaps.map((gap) => ({ ...stretch(gap), kind: 'gap' as const, y: 0, h: bottom, gap }))
  const shapes: BandShape[] = [
    ...scale.folds.map(({ x, width }) => ({
      kind: 'fold' as const,
      x,
      w: width,
      y: 0,
      h: bottom,
      isOpen: false,
    })),
    ...gaps.map(({ gap: _gap, ...shape }) => shape),
    ...outages.map(({ spell: _spell, ...shape }) => shape),
  ]
  const wishes: LabelWish[] = [
    ...outages
      .filter(inView)
      .map(({ x, w, spell }) => pill('killed', 'stop', outageWords(spell, now), x + w / 2, line)),
    ...model.switches
      .map(({ at, mode }) => ({ x: scale.xOf(at), w: 1, mode }))
      .filter(inView)
      .map(({ x, mode }) =>
        pill('killed', mode === 'normal' ? 'plain' : 'take', `reviewer ${mode}`, x, line),
      ),
    ...gaps.map(({ x, w, gap }) =>
      pill('killed', 'quiet', `${plural(gap.missed, 'event was', 'events were')} not kept`, x + w / 2, 50),
    ),
  ]
  for (const row of rows) {
    const instance = model.instances.get(row.name)
    if (instance === undefined) continue
    const box = { y: row.top, h: row.y + row.h - row.top }
    const states = [
      ['frozen', instance.frozen, 'cold', 'frozen', 'woke up', 'snow'],
      ['gone', instance.gone, 'stop', 'killed', 'restarted', 'cross'],
      ['cut', instance.cut, 'stop', 'no network', 'network back', 'none'],
    ] as const
    for (const [kind, spells, tone, begins, ends, icon] of states) {
      for (const spell of spells) {
        const shape = { kind, ...stretch(spell), ...box }
        if (!inView(shape)) continue
        shapes.push(shape)
        if (row.isFolded) continue
        const isExit = kind === 'gone' && 'reason' in spell && spell.reason !== null
        wishes.push(flag(row, tone, isExit ? 'ended' : begins, shape.x + 6, 'killed', icon))
        if (spell.to !== null) wishes.push(flag(row, 'plain', ends, shape.x + shape.w, 'rest', 'none'))
      }
    }
  }
  return { shapes, wishes }
}

function outageWords({ from, to }: Spell, now: number): string {
  return to === null ? `stopped for ${lengthOf(now - from)}` : `stopped ${lengthOf(to - from)}`
}

function pill(
  importance: LabelWish['importance'],
  tone: Tone,
  text: string,
  x: number,
  y: number,
): LabelWish {
  return {
    importance,
    tone,
    places: (['middle', 'left', 'right'] as const).map((align) => ({ form: 'pill', text, x, align, y })),
  }
}

function flag(
  row: RowBox,
  tone: Tone,
  text: string,
  x: number,
  importance: LabelWish['importance'],
  icon: LabelShape['icon'],
): LabelWish {
  return { importance, tone, icon, places: below(x, row.top + ROW_PADDING / 2, 0, [text], 'pill') }
}
