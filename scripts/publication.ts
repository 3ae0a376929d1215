/** What every package on the registry says of itself. `npm run sync` writes it, and a test holds the packages to it. */
import type { Manifest, Workspace } from '@holdfast/test-support/workspaces'

/** Where the sources are. Fields of packages and links of READMEs name it: after a change, run `npm run sync`. */
export const REPOSITORY = 'https://github.com/holdfast/holdfast'

/** The page of a folder or a file on the forge, for documents that are read outside of the repository. */
export const pageOf = (path: string, kind: 'blob' | 'tree' = 'blob'): string =>
  `${REPOSITORY}/${kind}/main/${path}`

/** What is the same for all, so that no package can forget it. */
export function syncedFields({
  folder,
}: Workspace): Pick<
  PublishedManifest,
  'license' | 'homepage' | 'bugs' | 'repository' | 'files' | 'publishConfig'
> {
  return {
    license: 'MIT',
    homepage: `${pageOf(folder, 'tree')}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
    files: ['dist', 'src', 'CHANGELOG.md', '!dist/.tsbuildinfo'],
    publishConfig: { access: 'public' },
  }
}

/** The part of a published package.json that people and the registry read. */
export interface PublishedManifest extends Manifest {
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly license?: string
  readonly homepage?: string
  readonly bugs?: string
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string }
  readonly files?: readonly string[]
  readonly engines?: { readonly node?: string }
  readonly publishConfig?: { readonly access?: string }
}

/** What a package.json lacks that only its author can say. */
export function faultsOf({ description = '', keywords = [], engines }: PublishedManifest): string[] {
  return [
    description.length < 20 || description.endsWith('.')
      ? 'description: a line that says what it is, without a full stop'
      : '',
    keywords.length < 4 ||
    keywords.some((word) => word !== word.toLowerCase()) ||
    !keywords.includes('holdfast')
      ? 'keywords: `holdfast` and at least three words that people search for, in lower case'
      : '',
    engines?.node === '>=20.19.0' ? '' : 'engines: { "node": ">=20.19.0" }',
  ].filter((fault) => fault !== '')
}
