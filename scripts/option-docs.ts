/**
 * The tables of options in the documents. What an option means is in the doc comment of its interface, its default in
 * the table of `support/option-table.ts` that checks it: this puts both side by side, and refuses comments that name
 * another default than counts.
 */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface OptionDoc {
  readonly name: string
  readonly meaning: string
  /** As the comment has it, behind `@default`. */
  readonly standard: string | undefined
}

type Table = Readonly<Record<string, readonly [check: unknown, standard?: unknown]>>

const BLOCK = /^<!-- options: (\w+(?: beyond \w+)?) in (\S+) -->\n[\s\S]*?^<!-- end of options -->$/gm

/**
 * The document with each table of options replaced by what `tableOf` says. `A beyond B`: without the options of A that B has
 * as well.
 */
export async function replaceOptionTables(
  markdown: string,
  tableOf: (type: string, file: string) => Promise<string>,
): Promise<string> {
  let replaced = markdown
  for (const [block, type = '', file = ''] of markdown.matchAll(BLOCK)) {
    const rows = await tableOf(type, file)
    const text = `<!-- options: ${type} in ${file} -->\n\n${rows}\n<!-- end of options -->`
    replaced = replaced.replace(block, () => text)
  }
  return replaced
}

/** Makes the tables of the sources below `root`. */
export function optionTableOf(root: string): (type: string, file: string) => Promise<string> {
  return async (type, file) => {
    const path = resolve(root, file)
    const exports = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
    return optionTable(type, readFileSync(path, 'utf8'), exports, declaring(type, path))
  }
}

/** The source that declares the interface: this one, or one that it imports, for the table that checks it need not be beside it. */
function declaring(types: string, path: string): string {
  const [type = ''] = types.split(' beyond ')
  const source = readFileSync(path, 'utf8')
  const imported = [...source.matchAll(/ from '(\.[^']+)'/g)].map(([, file = '']) =>
    readFileSync(resolve(path, '..', file), 'utf8'),
  )
  return (
    [source, ...imported].find((each) => new RegExp(`^(?:export )?interface ${type}\\b`, 'm').test(each)) ??
    source
  )
}

/**
 * A table in Markdown of the options that `types` declares. `source` has the table that checks them, `exports` are those of that
 * module, and `declared` has the interface.
 */
export function optionTable(
  types: string,
  source: string,
  exports: Readonly<Record<string, unknown>>,
  declared: string = source,
): string {
  const [type = '', base] = types.split(' beyond ')
  const constant = new RegExp(`^export const (\\w+): OptionTable<\\s*${type}\\b`, 'm').exec(source)?.[1]
  const table = constant === undefined ? undefined : (exports[constant] as Table | undefined)
  // What no table checks has no default, or one that its comment names.
  const isChecked = new RegExp(`OptionTable<\\s*${type}\\b`).test(source)
  if (table === undefined && isChecked) throw new Error(`there is no exported OptionTable<${type}>`)
  const shownElsewhere = base === undefined ? [] : optionDocs(base, declared).map(({ name }) => name)
  const rows = optionDocs(type, declared)
    .filter(({ name }) => !shownElsewhere.includes(name))
    .map(
      ({ name, meaning, standard }) =>
        `| \`${name}\` | ${table === undefined ? shownComment(standard) : defaultCell(`${type}.${name}`, standard, table[name])} | ${meaning.replaceAll('|', '\\|')} |`,
    )
  return ['| option | default | |', '|---|---|---|', ...rows, ''].join('\n')
}

/** The members of an interface with their comments; before them those of the ones that it extends, where the same source has them. */
export function optionDocs(type: string, source: string): readonly OptionDoc[] {
  const declared = new RegExp(
    `^(?:export )?interface ${type}\\b(?:<[^{]*?>)?(?: extends ([\\w, ]+))?[^{]*\\{(?:\\n([\\s\\S]*?)^)?\\}`,
    'm',
  )
  const [whole, bases = '', body = ''] = declared.exec(source) ?? []
  if (whole === undefined) throw new Error(`there is no interface ${type}`)
  const inherited = bases
    .split(',')
    .map((base) => base.trim())
    .filter((base) => new RegExp(`interface ${base}\\b`).test(source) && base !== '')
    .flatMap((base) => optionDocs(base, source))
  const own = Array.from(
    body.matchAll(/^ {2}\/\*\*([\s\S]*?)\*\/\n {2}readonly (\w+)/gm),
    ([, comment = '', name = '']) => {
      const text = comment.replace(/^\s*\* ?/gm, '').replace(/\{@link (\w+)\}/g, '`$1`')
      const [meaning = '', standard] = text
        .split('@default')
        .map((part) => part.trim().replace(/\s*\n\s*/g, ' '))
      return { name, meaning, standard }
    },
  )
  return [...inherited, ...own]
}

function defaultCell(option: string, said: string | undefined, entry: Table[string] | undefined): string {
  if (entry === undefined) throw new Error(`${option} is in no table`)
  if (entry.length === 1) return 'mandatory'
  const [, standard] = entry
  const isPlain = ['number', 'string', 'boolean'].includes(typeof standard)
  if (isPlain && said?.replaceAll('_', '') !== literal(standard))
    throw new Error(`the comment of ${option} says @default ${said}, but ${literal(standard)} counts`)
  if (standard !== undefined && said === undefined && !isEmpty(standard))
    throw new Error(`the comment of ${option} has no @default`)
  if (isPlain) return shown(option, standard)
  return shownComment(said)
}

function shownComment(said: string | undefined): string {
  return said !== undefined && /^(\w+|'[^']*')$/.test(said) ? `\`${said}\`` : (said ?? '')
}

function isEmpty(standard: unknown): boolean {
  return typeof standard === 'object' && standard !== null && Object.keys(standard).length === 0
}

function literal(standard: unknown): string {
  return typeof standard === 'string' ? `'${standard}'` : String(standard)
}

/** As people say it: 30 s and not 30000. */
function shown(option: string, standard: unknown): string {
  if (standard === Infinity) return 'no limit'
  if (typeof standard !== 'number' || standard === 0) return `\`${literal(standard)}\``
  const units = option.endsWith('Ms')
    ? ([
        [3_600_000, 'h'],
        [60_000, 'min'],
        [1_000, 's'],
        [1, 'ms'],
      ] as const)
    : option.endsWith('Bytes')
      ? ([
          [1_048_576, 'MiB'],
          [1_024, 'KiB'],
          [1, 'bytes'],
        ] as const)
      : []
  const unit = units.find(([size]) => standard % size === 0)
  return unit === undefined ? standard.toLocaleString('en') : `${standard / unit[0]} ${unit[1]}`
}
