/** The pages of the API: TypeDoc makes them of the doc comments, one page for each entry of each published package. */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, DeclarationReflection, type ProjectReflection, ReflectionKind } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { anchorsOf, replaceLinks } from '../../scripts/docs.ts'
import { pageOf } from '../../scripts/publication.ts'
import { type Entry, entriesIn } from './entries.ts'

const markdown: Partial<PluginOptions> = {
  outputFileStrategy: 'modules',
  entryFileName: 'index',
  // `core/storage` would be taken for the file of the interface Storage of core.
  flattenOutputFiles: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: 'table',
  typeDeclarationFormat: 'table',
  // What Vue would take for a component or an expression.
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
}

/** Reads the sources of all entries. */
async function readApi(
  root: string,
): Promise<{ readonly app: Application; readonly project: ProjectReflection }> {
  const entries = entriesIn(root)
  const app = await Application.bootstrapWithPlugins({
    name: 'API',
    entryPoints: entries.map(({ source }) => join(root, source)),
    tsconfig: join(root, 'docs/tsconfig.api.json'),
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    basePath: root,
    sourceLinkTemplate: pageOf('packages/{path}#L{line}'),
    gitRevision: 'main',
    disableGit: true,
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    githubPages: false,
    logLevel: 'Warn',
    validation: false,
    ...markdown,
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources: what it said stands above')
  for (const module of project.getReflectionsByKind(ReflectionKind.Module))
    nameAsImported(module as DeclarationReflection, entries)
  // A parameter that is taken apart at once has no name in the source.
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
    if (parameter.name === '__namedParameters') parameter.name = 'options'
  return { app, project }
}

export async function writeApi(root: string): Promise<void> {
  const { app, project } = await readApi(root)
  const home = join(root, 'docs/reference/api')
  rmSync(home, { recursive: true, force: true })
  for (const name of withoutComment(project)) console.log(`Without a doc comment: ${name}`)
  app.options.setValue('out', home)
  await app.generateOutputs(project)
  mendAnchors(home)
}

/** The public names that no comment explains. */
function withoutComment(project: ProjectReflection): readonly string[] {
  return project
    .getReflectionsByKind(ReflectionKind.SomeModule | ReflectionKind.SomeExport)
    .filter(
      (each) =>
        each instanceof DeclarationReflection &&
        !each.kindOf([ReflectionKind.Module, ReflectionKind.Reference]),
    )
    .filter((each) => !isExplained(each as DeclarationReflection))
    .map((each) => `${each.getFullName()} in ${(each as DeclarationReflection).sources?.[0]?.fileName}`)
}

/** A function is explained where one of its signatures is, also as the type of a constant. */
function isExplained({ comment, signatures = [], type }: DeclarationReflection): boolean {
  const called = type?.type === 'reflection' ? type.declaration.signatures : undefined
  return [{ comment }, ...signatures, ...(called ?? [])].some((each) => each.comment !== undefined)
}

/** TypeDoc counts some names twice, and links to `#name-1` where the page has one heading of that name. */
function mendAnchors(home: string): void {
  const files = globSync('*.md', { cwd: home })
  const texts = new Map(files.map((file) => [file, readFileSync(join(home, file), 'utf8')]))
  const anchors = new Map([...texts].map(([file, text]) => [file, new Set(anchorsOf(text))]))
  for (const [file, text] of texts) {
    const mended = replaceLinks(text, (link) => {
      const [page = '', anchor = ''] = link.split('#')
      const there = anchors.get(page === '' ? file : page)
      const first = anchor.replace(/-\d+$/, '')
      return there === undefined || there.has(anchor) || !there.has(first) ? link : `${page}#${first}`
    })
    writeFileSync(join(home, file), mended)
  }
}

function nameAsImported(module: DeclarationReflection, entries: readonly Entry[]): void {
  const file = module.sources?.[0]?.fileName
  module.name = entries.find(({ source }) => source === file)?.name ?? module.name
}
