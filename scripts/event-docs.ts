/**
 * The tables of events in the documents: made of the types in the code. A type of events is a union, perhaps with members that
 * all of them have: each event is a row, with its own members, and what the comments say.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript-api'

const BLOCK = /^<!-- events: (\w+) in (\S+) -->\n[\s\S]*?^<!-- end of events -->$/gm

interface Member {
  readonly name: string
  readonly type: string
  readonly meaning: string
  readonly isOptional: boolean
}

interface Variant {
  readonly meaning: string
  readonly members: readonly Member[]
}

/** The document with each table of events replaced by what the types say. */
export function replaceEventTables(markdown: string, root: string): string {
  return markdown.replace(BLOCK, (_, type: string, file: string) => {
    const tables = eventTables(type, resolve(root, file))
    return `<!-- events: ${type} in ${file} -->\n\n${tables}\n\n<!-- end of events -->`
  })
}

/** The events of a type, and the members that all of them have. */
export function eventTables(type: string, path: string): string {
  const variants = variantsOf(type, new Sources(path))
  const [first] = variants
  if (first === undefined) throw new Error(`${type} has no events`)
  const common = first.members
    .filter(
      ({ name }) =>
        name !== 'type' && variants.every(({ members }) => members.some((each) => each.name === name)),
    )
    .map((member) => ({
      ...member,
      isOptional: variants.some(({ members }) =>
        members.some(({ name, isOptional }) => name === member.name && isOptional),
      ),
    }))
  const rows = variants.map(({ meaning, members }) => {
    const own = members.filter(({ name }) => name !== 'type' && !common.some((each) => each.name === name))
    const types = members.find(({ name }) => name === 'type')?.type.split(' | ') ?? []
    return `| ${types.map((name) => `\`${name.slice(1, -1)}\``).join(' ')} | ${meaning} | ${own.map(shown).join('<br>')} |`
  })
  return [
    '| event | | its members |',
    '|---|---|---|',
    ...rows,
    '',
    '| every event has | |',
    '|---|---|',
    ...common.map((member) => `| ${signature(member)} | ${member.meaning} |`),
  ].join('\n')
}

function shown(member: Member): string {
  return [signature(member), member.meaning].filter((part) => part !== '').join(' ')
}

function signature({ name, type, isOptional }: Member): string {
  const isObvious = ['string', 'number', 'unknown'].includes(type)
  return `\`${name}${isOptional ? '?' : ''}\`${isObvious ? '' : ` (\`${type.replaceAll('|', '\\|')}\`)`}`
}

/** A source with those that it imports: what a type refers to is in one of them, or it stays a name. */
class Sources {
  readonly #files: readonly ts.SourceFile[]

  constructor(path: string) {
    const text = readFileSync(path, 'utf8')
    const imported = [...text.matchAll(/ from '(\.[^']+)'/g)].map(([, file = '']) =>
      resolve(path, '..', file),
    )
    this.#files = [path, ...imported].map((file) =>
      ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true),
    )
  }

  find(name: string): ts.TypeAliasDeclaration | ts.InterfaceDeclaration | undefined {
    return this.#files
      .flatMap(({ statements }) => [...statements])
      .find(
        (statement): statement is ts.TypeAliasDeclaration | ts.InterfaceDeclaration =>
          (ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)) &&
          statement.name.text === name,
      )
  }
}

function variantsOf(name: string, sources: Sources): readonly Variant[] {
  const declared = sources.find(name)
  if (declared === undefined) throw new Error(`there is no type ${name}`)
  if (ts.isTypeAliasDeclaration(declared)) return expand(declared.type, sources, '')
  const inherited = (declared.heritageClauses ?? []).flatMap((clause) =>
    clause.types.map(({ expression }) => variantsOf(expression.getText(), sources)),
  )
  return product([...inherited, [{ meaning: '', members: membersOf(declared.members, sources) }]])
}

function expand(node: ts.TypeNode, sources: Sources, meaning: string): readonly Variant[] {
  if (ts.isParenthesizedTypeNode(node)) return expand(node.type, sources, meaning)
  if (ts.isUnionTypeNode(node))
    return node.types.flatMap((each, i) =>
      expand(each, sources, commentBefore(node.types, i) || (i === 0 ? meaning : '')),
    )
  if (ts.isIntersectionTypeNode(node))
    return product(
      node.types.map((each, i) => expand(each, sources, commentBefore(node.types, i) || meaning)),
    )
  if (ts.isTypeLiteralNode(node)) return [{ meaning, members: membersOf(node.members, sources) }]
  if (ts.isTypeReferenceNode(node)) {
    const { text } = node.typeName as ts.Identifier
    const [argument] = node.typeArguments ?? []
    if (text === 'Partial' && argument !== undefined)
      return expand(argument, sources, meaning).map((variant) => ({
        ...variant,
        members: variant.members.map((member) => ({ ...member, isOptional: true })),
      }))
    if (text === 'Pick' && argument !== undefined) {
      const names = [...(node.typeArguments?.[1]?.getText() ?? '').matchAll(/'(\w+)'/g)].map(
        ([, name]) => name,
      )
      return [
        {
          meaning,
          members: unique(
            expand(argument, sources, '')
              .flatMap(({ members }) => members)
              .filter(({ name }) => names.includes(name)),
          ),
        },
      ]
    }
    return variantsOf(text, sources).map((variant) => ({ ...variant, meaning: variant.meaning || meaning }))
  }
  throw new Error(`no table can be made of ${node.getText()}`)
}

/** Each of the one with each of the other. */
function product(parts: readonly (readonly Variant[])[]): readonly Variant[] {
  return parts.reduce<readonly Variant[]>(
    (before, part) =>
      before.flatMap((one) =>
        part.map((other) => ({
          meaning: other.meaning || one.meaning,
          members: unique([...one.members, ...other.members]),
        })),
      ),
    [{ meaning: '', members: [] }],
  )
}

function unique(members: readonly Member[]): readonly Member[] {
  return [...new Map(members.map((member) => [member.name, member])).values()]
}

function membersOf(nodes: ts.NodeArray<ts.TypeElement>, sources: Sources): readonly Member[] {
  return nodes.filter(ts.isPropertySignature).map((node) => ({
    name: node.name.getText(),
    ...typeOf(node.type, sources),
    meaning:
      textOf(ts.getJSDocCommentsAndTags(node)[0]?.getText() ?? '') || typeOf(node.type, sources).meaning,
    isOptional: node.questionToken !== undefined,
  }))
}

/** A union of words is shown as these, with what is said of them; another name of a type stays a name. */
function typeOf(
  node: ts.TypeNode | undefined,
  sources: Sources,
): { readonly type: string; readonly meaning: string } {
  const type = (node?.getText() ?? 'unknown')
    .replace(/^\|\s*/, '')
    .replace(/\s+/g, ' ')
    .replace(/ \| undefined$/, '')
  const declared = /^\w+$/.test(type) ? sources.find(type) : undefined
  if (declared === undefined || !ts.isTypeAliasDeclaration(declared)) return { type, meaning: '' }
  const words = declared.type
    .getText()
    .replace(/^\|\s*/, '')
    .replace(/\s+/g, ' ')
  const meaning = textOf(ts.getJSDocCommentsAndTags(declared)[0]?.getText() ?? '')
  return /^('\w+'( \| )?)+$/.test(words) ? { type: words, meaning } : { type, meaning: '' }
}

/** The comment in front of one of several types, or of the bar or ampersand in front of it. */
function commentBefore(types: ts.NodeArray<ts.TypeNode>, index: number): string {
  const node = types[index]
  if (node === undefined) return ''
  const text = node.getSourceFile().text.slice(types[index - 1]?.end ?? types.pos, node.getStart())
  return textOf(/\/\*\*[\s\S]*?\*\/(?=[^/]*$)/.exec(text)?.[0] ?? '')
}

function textOf(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\{@link ([\w.]+)\}/g, '`$1`')
    .trim()
    .replace(/^- /, '')
    .replace(/\s*\n\s*- /g, '<br>')
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
}
