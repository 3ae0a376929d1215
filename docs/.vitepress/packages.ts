/** The README of each package as a page of the site, and a page that lists them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedIn } from '@holdfast/test-support/workspaces'
import { replaceLinks } from '../../scripts/docs.ts'
import type { PublishedManifest } from '../../scripts/publication.ts'
import { entriesIn } from './entries.ts'
import { linkOnSite } from './links.ts'
import { API, PACKAGES, apiPageOf, documentsOfSite } from './pages.ts'

export function writePackages(root: string): void {
  const home = join(root, 'docs', PACKAGES)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  const pages = new Set(documentsOfSite(root))
  const entries = entriesIn(root)
  const rows = publishedIn(root).map(({ folder, manifest }) => {
    const { description = '' } = manifest as PublishedManifest
    return `| [\`${manifest.name}\`](${nameOf(folder)}.md) | ${description} |`
  })
  writeFileSync(
    join(home, 'index.md'),
    `---\neditLink: false\n---\n\n# Packages\n\n| package | |\n|---|---|\n${rows.join('\n')}\n`,
  )
  for (const { folder, manifest } of publishedIn(root)) {
    const readme = `${folder}/README.md`
    const text = replaceLinks(readFileSync(join(root, readme), 'utf8'), (link) =>
      linkOnSite(link, readme, { root, pages }),
    )
    const api = entries
      .filter(({ name }) => name === manifest.name || name.startsWith(`${manifest.name}/`))
      .map(({ name }) => `[\`${name}\`](/${API}/${apiPageOf(name)}.md)`)
    writeFileSync(
      join(home, `${nameOf(folder)}.md`),
      `---\nsource: ${readme}\n---\n\n${text}\n## API\n\n${api.join(' · ')}\n`,
    )
  }
}

function nameOf(folder: string): string {
  return folder.replace('packages/', '')
}
