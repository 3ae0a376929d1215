/** What kind of project a repository is, told by the files at its top. */
export interface ProjectType {
  readonly name: string
  /** The files that say so. */
  readonly evidence: readonly string[]
}

/** @param topLevel names at the top of the repository, folders with a trailing slash */
export async function detectProjectType(
  topLevel: readonly string[],
  readFile: (name: string) => Promise<string>,
): Promise<ProjectType> {
  if (topLevel.includes('package.json')) return nodeProject(topLevel, await readFile('package.json'))
  for (const [pattern, name] of KINDS) {
    const evidence = topLevel.filter((entry) => pattern.test(entry))
    if (evidence.length > 0) return { name, evidence }
  }
  return { name: 'Unknown', evidence: [] }
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.(sln|slnx|csproj|fsproj|vbproj)$/, '.NET'],
  [/^(pom\.xml|build\.gradle(\.kts)?)$/, 'JVM'],
  [/^Cargo\.toml$/, 'Rust'],
  [/^go\.(mod|work)$/, 'Go'],
  [/^(pyproject\.toml|setup\.(py|cfg)|requirements.*\.txt)$/, 'Python'],
  [/^Gemfile$/, 'Ruby'],
  [/^composer\.json$/, 'PHP'],
  [/^Package\.swift$/, 'Swift'],
  [/^mix\.exs$/, 'Elixir'],
  [/^(CMakeLists\.txt|configure\.ac|meson\.build)$/, 'C/C++'],
]

const FRAMEWORKS: readonly (readonly [string, string])[] = [
  ['@nestjs/core', 'NestJS'],
  ['next', 'Next.js'],
  ['fastify', 'Fastify'],
  ['express', 'Express'],
  ['@angular/core', 'Angular'],
  ['react', 'React'],
  ['vue', 'Vue'],
  ['svelte', 'Svelte'],
]

function nodeProject(topLevel: readonly string[], manifest: string): ProjectType {
  const packageJson = parseManifest(manifest)
  const dependencies = { ...packageJson.devDependencies, ...packageJson.dependencies }
  const framework = FRAMEWORKS.find(([dependency]) => dependency in dependencies)?.[1]
  const evidence = topLevel.filter((name) =>
    /^(package\.json|pnpm-workspace\.yaml|tsconfig.*\.json)$/.test(name),
  )
  const words = [
    evidence.some((name) => name.startsWith('tsconfig')) || 'typescript' in dependencies
      ? 'TypeScript'
      : 'Node.js',
    evidence.includes('pnpm-workspace.yaml') || packageJson.workspaces !== undefined ? 'monorepo' : 'package',
  ]
  return { name: words.join(' ') + (framework === undefined ? '' : ` with ${framework}`), evidence }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly workspaces?: unknown
}

/** A package.json under review may be broken; that is the linter's business. */
function parseManifest(text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
