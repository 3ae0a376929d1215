import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { publishedPackages } from '../published.ts'
import { run } from '../run.ts'
import { copyForRelease } from './copy.ts'
import { startRegistry, type Upload } from './registry.ts'

/** A release candidate, made and published as a real one is, on a copy of this repository and to a registry of this machine. */
export interface Rehearsal {
  readonly version: string
  /** As the registry got them. */
  readonly uploads: readonly Upload[]
  /** The uploaded tarballs as files, by the name of the package. */
  readonly tarballs: ReadonlyMap<string, string>
  readonly changelogs: ReadonlyMap<string, string>
  /** Everything that was run, with what it printed. */
  readonly transcript: string
  remove(): Promise<void>
}

/** The token that the registry must be shown; npm and pnpm read it from the environment, as in the workflow. */
export const TOKEN = 'a-token-of-the-rehearsal'

/**
 * Needs the packages built.
 *
 * @param asNpm which of the tarballs `npm publish --dry-run` has to accept without changing anything; all by default
 */
export async function rehearseRelease(asNpm = (_name: string): boolean => true): Promise<Rehearsal> {
  const temporary = temporaryDirectory()
  const registry = await startRegistry()
  try {
    const directory = join(temporary.path, 'repository')
    copyForRelease(directory)
    const userconfig = join(temporary.path, 'npmrc')
    writeFileSync(userconfig, `${registry.url.replace('http:', '')}:_authToken=\${NPM_TOKEN}\n`)
    const lines: string[] = []
    const environment = {
      CI: 'true', // no animations in the transcript
      NPM_TOKEN: TOKEN,
      NPM_CONFIG_USERCONFIG: userconfig,
      NPM_CONFIG_REGISTRY: registry.url,
      PNPM_CONFIG_REGISTRY: registry.url,
      GIT_AUTHOR_NAME: 'rehearsal',
      GIT_AUTHOR_EMAIL: 'rehearsal@example.org',
      GIT_COMMITTER_NAME: 'rehearsal',
      GIT_COMMITTER_EMAIL: 'rehearsal@example.org',
    }
    const step = async (program: string, ...args: string[]): Promise<void> => {
      const { code, output } = await run(program, args, { cwd: directory, env: environment })
      lines.push(`$ ${program} ${args.join(' ')}`, output.trim())
      if (code !== 0) throw new Error(`the rehearsal of the release failed:\n${lines.join('\n')}`)
    }

    await step('git', 'init', '--quiet', '--initial-branch=main')
    await step('git', 'add', '--all')
    await step('git', 'commit', '--quiet', '--message=before')
    if (!existsSync(join(directory, '.changeset/pre.json'))) await step('changeset', 'pre', 'enter', 'rc')
    if (globSync('.changeset/*.md', { cwd: directory }).length === 0) addChangeset(directory)
    await step('changeset', 'version')
    await step('changeset', 'publish')

    const tarballs = writeTarballs(join(temporary.path, 'tarballs'), registry.uploads)
    for (const [name, file] of tarballs)
      if (asNpm(name)) await step('npm', 'publish', '--dry-run', '--tag=rc', '--loglevel=warn', file)
    const packages = publishedPackages().map(({ folder, manifest }) => {
      const changelog = join(directory, 'packages', basename(folder), 'CHANGELOG.md')
      return [manifest.name, existsSync(changelog) ? readFileSync(changelog, 'utf8') : ''] as const
    })
    return {
      version: String(registry.uploads[0]?.manifest['version']),
      uploads: registry.uploads,
      tarballs,
      changelogs: new Map(packages),
      transcript: stripVTControlCharacters(lines.join('\n').replaceAll(temporary.path, '…')),
      remove: async () => await temporary.remove(),
    }
  } catch (error) {
    await temporary.remove()
    throw error
  } finally {
    await registry.close()
  }
}

function writeTarballs(folder: string, uploads: readonly Upload[]): ReadonlyMap<string, string> {
  mkdirSync(folder)
  return new Map(
    uploads.map(({ name, tarball }) => {
      const file = join(folder, `${name.replace('@', '').replace('/', '-')}.tgz`)
      writeFileSync(file, tarball)
      return [name, file]
    }),
  )
}

/** Right after a release there is nothing to release. */
function addChangeset(directory: string): void {
  const names = publishedPackages().map(({ manifest }) => `'${manifest.name}': patch\n`)
  writeFileSync(join(directory, '.changeset/rehearsal.md'), `---\n${names.join('')}---\n\nA rehearsal.\n`)
}
