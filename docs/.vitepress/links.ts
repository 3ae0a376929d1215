/** Where the links of documents lead on the site: to its pages; to the forge for everything else that the repository has. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { targetOf } from '../../scripts/docs.ts'
import { pageOf } from '../../scripts/publication.ts'
import { PACKAGES } from './pages.ts'

/**
 * @param document what has the link, from the root of the repository
 * @param pages the documents that are pages, from `docs/`
 */
export function linkOnSite(
  link: string,
  document: string,
  { root, pages }: { readonly root: string; readonly pages: ReadonlySet<string> },
): string {
  if (link.startsWith('#')) return link
  const target = targetOf(link, document)
  if (target === undefined) return link
  const anchor = target.anchor === undefined ? '' : `#${target.anchor}`
  const page = pageFor(target.path, pages)
  if (page !== undefined) return `/${page}${anchor === '#readme' ? '' : anchor}`
  if (target.path.startsWith('docs/pictures/')) return link
  const kind = statSync(join(root, target.path), { throwIfNoEntry: false })?.isDirectory() ? 'tree' : 'blob'
  return pageOf(target.path, kind) + anchor
}

function pageFor(path: string, pages: ReadonlySet<string>): string | undefined {
  if (path === 'README.md') return 'index.md'
  const [, name] = /^packages\/([\w-]+)(?:\/|\/README\.md)?$/.exec(path) ?? []
  if (name !== undefined) return `${PACKAGES}/${name}.md`
  const inDocs = path.replace(/^docs\//, '').replace(/\/$/, '')
  return [inDocs, `${inDocs}/index.md`].find((each) => path.startsWith('docs/') && pages.has(each))
}
