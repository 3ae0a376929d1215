/** The colours can be told apart: in both schemes, and by people who see fewer of them. */
import {
  type Color,
  converter,
  differenceEuclidean,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  wcagContrast,
} from 'culori'
import { describe, expect, it } from 'vitest'
import { type Scheme, rules, styleSheets, tokens } from './stylesheets.ts'

const SCHEMES: readonly Scheme[] = ['light', 'dark']
const known = tokens()

function colourOf(token: string, scheme: Scheme): string {
  const pair = known.get(token)
  if (pair === undefined) throw new Error(`tokens.css has no pair for "${token}".`)
  return pair[scheme]
}

function ratio(ink: string, ground: string, scheme: Scheme): number {
  return wcagContrast(colourOf(ink, scheme), colourOf(ground, scheme))
}

/** Which text stands on which grounds. */
const TEXT: Readonly<Record<string, readonly string[]>> = {
  ink: [
    'bg',
    'surface',
    'sunk',
    'raise',
    'run-soft',
    'done-soft',
    'stop-soft',
    'take-soft',
    'cold-soft',
    'hold-soft',
    'quiet-soft',
    'added',
    'removed',
  ],
  'ink-2': [
    'bg',
    'surface',
    'sunk',
    'raise',
    'run-soft',
    'done-soft',
    'stop-soft',
    'take-soft',
    'hold-soft',
    'quiet-soft',
    'added',
    'removed',
  ],
  run: ['bg', 'surface', 'sunk', 'raise', 'run-soft', 'added', 'removed'],
  done: ['bg', 'surface', 'raise', 'done-soft', 'added', 'removed'],
  stop: ['surface', 'raise', 'stop-soft', 'removed'],
  take: ['surface', 'raise', 'take-soft', 'run-soft', 'added', 'removed'],
  cold: ['surface', 'cold-soft'],
  hold: ['surface', 'hold-soft', 'added', 'removed'],
  quiet: ['surface', 'sunk'],
  surface: ['ink'],
  'on-run': ['run'],
  'on-done': ['done'],
  'on-stop': ['stop'],
}

/** Shapes, edges and the ring of the focus. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  run: ['bg', 'surface', 'sunk', 'raise', 'run-soft'],
  done: ['surface', 'sunk'],
  'done-edge': ['surface', 'sunk'],
  stop: ['surface', 'sunk', 'stop-soft'],
  'take-line': ['surface', 'sunk'],
  cold: ['surface', 'sunk', 'cold-soft'],
  hold: ['surface', 'hold-soft'],
  quiet: ['surface', 'sunk'],
  ink: ['surface', 'sunk', 'done-soft'],
}

function tooFaint(table: Readonly<Record<string, readonly string[]>>, least: number): readonly string[] {
  return SCHEMES.flatMap((scheme) =>
    Object.entries(table).flatMap(([ink, grounds]) =>
      grounds
        .map((ground) => ({ ground, contrast: ratio(ink, ground, scheme) }))
        .filter(({ contrast }) => contrast < least)
        .map(({ ground, contrast }) => `${ink} on ${ground}, ${scheme}: ${contrast.toFixed(2)}`),
    ),
  )
}

describe('contrast', () => {
  it('of text is at least 4.5', () => {
    expect(tooFaint(TEXT, 4.5)).toEqual([])
  })

  it('of shapes and edges is at least 3', () => {
    expect(tooFaint(SHAPES, 3)).toEqual([])
  })

  it('is that of the design for the pairs that it gives numbers for', () => {
    expect(ratio('ink', 'surface', 'light')).toBeCloseTo(16.4, 1)
    expect(ratio('ink', 'surface', 'dark')).toBeCloseTo(15.1, 1)
    expect(ratio('done-edge', 'surface', 'light')).toBeCloseTo(3.6, 1)
  })

  it('holds wherever a rule names both the text and its ground', () => {
    const named = rules().flatMap(({ sheet, selector, declarations }) => {
      const token = (property: string): string | undefined =>
        /^var\(--([\w-]+)\)$/.exec(declarations.get(property) ?? '')?.[1]
      const [ink, ground] = [token('color'), token('background')]
      return ink === undefined || ground === undefined || !known.has(ink) || !known.has(ground)
        ? []
        : SCHEMES.map((scheme) => ({ where: `${sheet}: ${selector}, ${scheme}`, ink, ground, scheme }))
    })
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(({ ink, ground, scheme }) => ratio(ink, ground, scheme) < 4.5)).toEqual([])
  })
})

describe('for people who see fewer colours', () => {
  const KINDS = ['run', 'done', 'stop', 'take-line', 'cold', 'hold', 'quiet']
  const SIGHTS = {
    red: filterDeficiencyProt(1),
    green: filterDeficiencyDeuter(1),
    blue: filterDeficiencyTrit(1),
  }
  const distance = differenceEuclidean('lab65')

  /** Closer than 15, but never closer than the number: a shape or a texture tells them apart. */
  const CLOSE: Readonly<Record<string, number>> = {
    // A filled bar, and a thin hatched one.
    'done quiet': 5,
    // Locks have a region to themselves, where nothing is done, frozen or quiet.
    'hold quiet': 8,
    'cold hold': 8,
    'done hold': 12,
    // Frozen is dotted.
    'run cold': 10,
    'done cold': 9,
  }

  /** The model of Machado is one of light: its matrices mix linear values, and culori mixes those that it gets. */
  const seenBy = (filter: (colour: Color) => Color | undefined, token: string, scheme: Scheme): Color => {
    const linear = converter('lrgb')(colourOf(token, scheme))
    const seen = linear && converter('rgb')(filter({ ...linear, mode: 'rgb' }))
    if (seen === undefined) throw new Error(`"${token}" is no colour.`)
    return { ...seen, mode: 'lrgb' }
  }

  const seen = SCHEMES.flatMap((scheme) =>
    Object.entries(SIGHTS).flatMap(([sight, filter]) =>
      KINDS.flatMap((one, index) =>
        KINDS.slice(index + 1).map((other) => ({
          pair: `${one} ${other}`,
          where: `${scheme}, without ${sight}`,
          apart: distance(seenBy(filter, one, scheme), seenBy(filter, other, scheme)),
        })),
      ),
    ),
  )

  it('keeps kinds at least 15 apart, or gives them another shape', () => {
    expect(seen.filter(({ pair, apart }) => apart < (CLOSE[pair] ?? 15))).toEqual([])
  })

  it('has no exception that is not needed', () => {
    const needed = new Set(seen.filter(({ apart }) => apart < 15).map(({ pair }) => pair))
    expect(Object.keys(CLOSE).filter((pair) => !needed.has(pair))).toEqual([])
  })

  it('keeps what was refused and what was saved more than 20 apart', () => {
    const pair = seen.filter((each) => each.pair === 'done stop')
    expect(pair).toHaveLength(6)
    expect(pair.filter(({ apart }) => apart <= 20)).toEqual([])
  })
})

describe('the style sheets', () => {
  it('take every colour from tokens.css', () => {
    const literals = [...styleSheets()]
      .filter(([path]) => path !== 'styles/tokens.css')
      .flatMap(([path, css]) =>
        Array.from(
          css.matchAll(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/gi),
          ([found]) => `${path}: ${found}`,
        ),
      )
    expect(literals).toEqual([])
  })

  it('use no token that does not exist', () => {
    const defined = new Set(
      [...styleSheets().values()].flatMap((css) =>
        Array.from(css.matchAll(/(--[\w-]+):/g), ([, name]) => name),
      ),
    )
    // Set by the page for one element, with a value for when it is not.
    const used = [...styleSheets()].flatMap(([path, css]) =>
      Array.from(css.matchAll(/var\((--[\w-]+)\)/g), ([, name]) => ({ path, name })),
    )
    expect(used.length).toBeGreaterThan(100)
    expect(used.filter(({ name }) => !defined.has(name))).toEqual([])
  })

  it('give forced colours a value for every token of light and dark', () => {
    const forced = /@media \(forced-colors: active\) \{\s*:root \{([^}]*)\}/.exec(
      styleSheets().get('styles/tokens.css') ?? '',
    )?.[1]
    const missing = [...known.keys()].filter((name) => forced?.includes(`--${name}:`) !== true)
    expect(missing).toEqual([])
  })
})
