/**
 * Links of what is read outside of the repository: the READMEs that npm shows and installs, and the changesets, which become
 * CHANGELOGs. There, a path that leaves the package leads nowhere, so such links name the page on the forge. Links within a
 * package stay as they are: its sources are installed with it.
 */
import { readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { replaceLinks, targetOf } from './docs.ts'
import { REPOSITORY, pageOf } from './publication.ts'

/** Text to text: each link that would be dead, or that names an address which the repository had before, replaced. */
export function withLinksForReaders(root: string, document: string): (before: string) => string {
  const former = formerAddress(root)
  return (before) =>
    replaceLinks(before.replaceAll(`${former}/`, `${REPOSITORY}/`), (link) =>
      linkForReaders(root, document, link),
    )
}

/** Whether a link of a README leads to what npm installs with it. */
export function isShipped(link: string, document: string): boolean {
  const target = targetOf(link, document)
  const inside = posix.relative(posix.dirname(document), target?.path ?? '')
  return link.startsWith('#') || /^(src\/|(README|CHANGELOG)\.md$|LICENSE$)/.test(inside)
}

function linkForReaders(root: string, document: string, link: string): string {
  const target = targetOf(link, document)
  if (target === undefined || /^\w+:/.test(link) || isShipped(link, document)) return link
  const kind = statSync(join(root, target.path), { throwIfNoEntry: false })?.isDirectory() ? 'tree' : 'blob'
  return pageOf(target.path, kind) + (target.anchor === undefined ? '' : `#${target.anchor}`)
}

/** What core names as its repository; another one than ours when the constant has just been changed. */
function formerAddress(root: string): string {
  const manifest = readFileSync(join(root, 'packages/core/package.json'), 'utf8')
  return /"url": "git\+(.*)\.git"/.exec(manifest)?.[1] ?? REPOSITORY
}
