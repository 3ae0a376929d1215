import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCES = join(import.meta.dirname, '../../src')

export type Scheme = 'light' | 'dark'

/** All style sheets of the page, by their path below `src`, without comments. */
export function styleSheets(): ReadonlyMap<string, string> {
  const paths = globSync('**/*.css', { cwd: SOURCES }).toSorted()
  return new Map(paths.map((path) => [path, withoutComments(readFileSync(join(SOURCES, path), 'utf8'))]))
}

function withoutComments(css: string): string {
  return css.replace(/\/\*.*?\*\//gs, '')
}

/** The pairs of tokens.css, by the name without its dashes. */
export function tokens(): ReadonlyMap<string, Readonly<Record<Scheme, string>>> {
  const css = styleSheets().get('styles/tokens.css') ?? ''
  const pairs = css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)
  return new Map(Array.from(pairs, ([, name = '', light = '', dark = '']) => [name, { light, dark }]))
}

export interface Rule {
  readonly sheet: string
  readonly selector: string
  readonly declarations: ReadonlyMap<string, string>
}

/** Every innermost block of declarations. */
export function rules(): readonly Rule[] {
  return [...styleSheets()].flatMap(([sheet, css]) =>
    Array.from(css.matchAll(/([^{}]*)\{([^{}]*)\}/g), ([, selector = '', body = '']) => ({
      sheet,
      selector: selector.trim().replace(/\s+/g, ' '),
      declarations: new Map(
        body
          .split(';')
          .map((declaration) => declaration.split(':'))
          .flatMap(([name = '', ...value]) =>
            name.trim() === '' ? [] : [[name.trim(), value.join(':').trim()] as const],
          ),
      ),
    })),
  )
}
