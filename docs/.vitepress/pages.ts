/** The pages of the site: the documents in `docs/`, and what the build makes of the packages. Also the menu, which is made of them. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { publishedIn } from '@holdfast/test-support/workspaces'
import type { DefaultTheme } from 'vitepress'
import { entriesIn } from './entries.ts'

/** Documents for those who change Holdfast. The site links to them on the forge. */
export const FOR_CONTRIBUTORS: readonly string[] = ['decisions/**', 'releasing.md']

/** Folders of pages that the build makes, below `docs/`; git ignores them. */
export const API = 'reference/api'
export const PACKAGES = 'reference/packages'

interface Page {
  /** From `docs/`, such as `features/cache.md`. */
  readonly path: string
  readonly title: string
}

interface Group {
  readonly text: string
  /** Pages and folders. A folder stands for all pages in it. */
  readonly places: readonly string[]
  /** What comes first in a folder, behind its index; the rest follows by title. */
  readonly first?: readonly string[]
}

const MENU: readonly Group[] = [
  {
    text: 'Introduction',
    places: ['introduction.md', 'quick-start.md', 'step-by-step.md', 'concepts.md'],
  },
  {
    text: 'Features',
    places: ['features'],
    first: ['idempotency', 'locks', 'cache', 'http', 'fencing', 'effects'],
  },
  { text: 'Recipes', places: ['recipes'] },
  { text: 'Operations', places: ['operations'], first: ['runbook', 'host', 'templates', 'monitoring'] },
  { text: 'Migration', places: ['migration'], first: ['from-csharp', 'hangfire'] },
  { text: 'Guarantees', places: ['guarantees.md'] },
  { text: 'Reference', places: ['reference'], first: ['options', 'errors', 'events'] },
]

/** Every document that is a page, by its path from `docs/`; without those that the build makes. */
export function documentsOfSite(root: string): readonly string[] {
  const exclude = ['**/node_modules', 'dist', '.cache', ...FOR_CONTRIBUTORS, API, PACKAGES]
  return globSync('**/*.md', { cwd: join(root, 'docs'), exclude }).toSorted()
}

/** The sidebar: every document, and what the build makes. */
export function menuOf(root: string): DefaultTheme.SidebarItem[] {
  const groups = MENU.map((group) => ({ text: group.text, items: pagesOf(root, group) }))
  return groups
    .map(({ text, items }) => ({
      text,
      items: items.map((item) => (item.text === text ? { ...item, text: 'Overview' } : item)),
    }))
    .filter(({ items }) => items.length > 0)
    .map(({ text, items }): DefaultTheme.SidebarItem => {
      if (text === 'Reference') return { text, items: [...items, ...madePages(root)] }
      // A group of one page is that page.
      return items.length === 1 ? { ...items[0], text } : { text, items }
    })
}

/** The pages of a group, in their order. */
export function pagesOf(
  root: string,
  { places, first = [] }: Omit<Group, 'text'>,
): DefaultTheme.SidebarItem[] {
  const documents = documentsOfSite(root)
  const rank = (path: string): number => {
    const order = ['index', ...first].indexOf(basename(path, '.md'))
    return order === -1 ? Infinity : order
  }
  return places.flatMap((place) =>
    documents
      .filter((path) => path === place || path.startsWith(`${place}/`))
      .map((path) => ({ path, title: titleOf(root, path) }))
      .toSorted(
        (one, other) =>
          compare(rank(one.path), rank(other.path)) || one.title.localeCompare(other.title, 'en'),
      )
      .map(entryOf),
  )
}

/** The README of each package, and the API of each of its entries. */
function madePages(root: string): DefaultTheme.SidebarItem[] {
  const packages = publishedIn(root).map(({ folder, manifest }) => ({
    text: manifest.name,
    link: `/${PACKAGES}/${folder.replace('packages/', '')}`,
  }))
  const entries = entriesIn(root).map(({ name }) => ({ text: name, link: `/${API}/${apiPageOf(name)}` }))
  return [
    { text: 'Packages', link: `/${PACKAGES}/`, collapsed: true, items: packages },
    { text: 'API', link: `/${API}/`, collapsed: true, items: entries },
  ]
}

/** The page of an entry below `reference/api`, without its extension. */
export function apiPageOf(entry: string): string {
  return entry.replaceAll('/', '.')
}

/** The first heading, up to a colon and without its marks. */
function titleOf(root: string, path: string): string {
  const [, heading = path] = /^# (.+)$/m.exec(readFileSync(join(root, 'docs', path), 'utf8')) ?? []
  const [title = ''] = heading.split(': ')
  return title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')
}

function entryOf({ path, title }: Page): { readonly text: string; readonly link: string } {
  return { text: title, link: `/${path.replace(/(index)?\.md$/, '')}` }
}

function compare(one: number, other: number): number {
  return one === other ? 0 : one - other
}
