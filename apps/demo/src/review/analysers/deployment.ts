import { LineCounter, parseAllDocuments, visit, isScalar } from 'yaml'
import { type Analyser, type Marked, oneByOne } from './analyser.ts'

/** How a program is built and run: YAML of composes, clusters and workflows, and Dockerfiles. */
export const deployment: Analyser = {
  name: 'deployment',
  version: '1',
  reads: (name) => isYaml(name) || isDockerfile(name),
  analyse: oneByOne(({ name, text }) => (isYaml(name) ? ofYaml(text) : ofDockerfile(text))),
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name) && !/lock\.ya?ml$/.test(name)
}

function isDockerfile(name: string): boolean {
  return /^(?:Dockerfile|Containerfile)(?:\.|$)|\.dockerfile$/i.test(name)
}

const UNPINNED = {
  severity: 'warning',
  category: 'quality',
  rule: 'deployment/unpinned-image',
  message: 'The image has no version: the next start may run another program.',
  suggestion: 'Name a version, or a digest.',
} as const

const PRIVILEGED = {
  severity: 'error',
  category: 'security',
  rule: 'deployment/privileged',
  message: 'A privileged container can do to its host what root can.',
  suggestion: 'Give it the one capability that it needs, under cap_add.',
} as const

const INJECTED = {
  severity: 'error',
  category: 'security',
  rule: 'deployment/workflow-injection',
  message: 'A text that any user can write becomes a part of this script, before the shell reads it.',
  suggestion: 'Put it into a variable under env, and use that in the script.',
} as const

/** What people from outside write, by the words of GitHub. */
const WRITTEN_OUTSIDE =
  /\$\{\{\s*github\.(?:head_ref|event\.[\w.]*(?:title|body|message|ref|name|email))\s*\}\}/

function ofYaml(text: string): Marked[] {
  // A template is no YAML until it is filled in.
  if (/(?<!\$)\{\{/.test(text)) return []
  const lines = new LineCounter()
  const lineAt = (offset: number): number => lines.linePos(offset).line
  return parseAllDocuments(text, { lineCounter: lines, logLevel: 'silent' }).flatMap((document): Marked[] => {
    if (document.errors.length > 0) return document.errors.slice(0, 1).map((error) => syntax(error, lineAt))
    const found: Marked[] = []
    visit(document, {
      Pair(_, { key, value }) {
        if (!isScalar(key) || !isScalar(value)) return
        const line = lineAt((key.range ?? [0])[0])
        if (key.value === 'privileged' && value.value === true) found.push({ line, ...PRIVILEGED })
        if (key.value === 'image' && isUnpinned(value.value)) found.push({ line, ...UNPINNED })
        if (key.value !== 'run' || typeof value.value !== 'string' || !WRITTEN_OUTSIDE.test(value.value))
          return
        const source = text.slice(...((value.range ?? [0, 0]).slice(0, 2) as [number, number]))
        const at = WRITTEN_OUTSIDE.exec(source)?.index ?? 0
        found.push({ line: lineAt((value.range ?? [0])[0] + at), ...INJECTED })
      },
    })
    return found
  })
}

function syntax(
  { message, pos }: { readonly message: string; readonly pos: readonly [number, number] },
  lineAt: (offset: number) => number,
): Marked {
  return {
    line: lineAt(pos[0]),
    severity: 'error',
    category: 'bug',
    rule: 'deployment/yaml-syntax',
    message: `This is no YAML: ${message.split(' at line')[0]}.`,
    suggestion: 'Correct it; nothing that reads this file will start.',
  }
}

function ofDockerfile(text: string): Marked[] {
  const stages = new Set<string>()
  return text.split('\n').flatMap((instruction, index): Marked[] => {
    const line = index + 1
    const [, image, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(instruction) ?? []
    const isOurs = image === undefined || stages.has(image.toLowerCase()) || image === 'scratch'
    if (stage !== undefined) stages.add(stage.toLowerCase())
    return !isOurs && isUnpinned(image) ? [{ line, ...UNPINNED }] : []
  })
}

/** `redis`, `registry.example.org:5000/shop:latest`; not what a variable says. */
function isUnpinned(image: unknown): boolean {
  if (typeof image !== 'string' || /[$@]/.test(image) || image === '') return false
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest'
}
