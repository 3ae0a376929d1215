import { resolve } from 'node:path'
import { defineConfig } from 'vitepress'
import { REPOSITORY, pageOf } from '../../scripts/publication.ts'
import { markdownOf, searchedOf } from './markdown.ts'
import { copyMermaid, servedMermaid } from './mermaid.ts'
import { API, FOR_CONTRIBUTORS, menuOf, pagesOf } from './pages.ts'

const root = resolve(import.meta.dirname, '../..')
const chinese = pagesOf(root, { places: ['zh-CN'] })

export default defineConfig({
  title: 'Holdfast',
  description: 'Locks, idempotency and a cache that many instances of a Node service share',
  lang: 'en',
  /** Where the site is hosted: `/` or, say, `/holdfast/`. */
  base: process.env['HOLDFAST_DOCS_BASE'] ?? '/',
  srcExclude: [...FOR_CONTRIBUTORS, 'node_modules/**', 'dist/**'],
  outDir: 'dist',
  cacheDir: '.cache/vitepress',
  markdown: markdownOf(root),
  vite: { plugins: [servedMermaid()] },
  buildEnd: ({ outDir }) => copyMermaid(outDir),
  transformPageData(page) {
    const { source } = page.frontmatter as { readonly source?: string }
    const isMade = page.relativePath.startsWith(`${API}/`)
    return {
      // Where to edit it.
      filePath: source ?? `docs/${page.filePath}`,
      ...(isMade ? { frontmatter: { ...page.frontmatter, editLink: false, outline: [2, 3] } } : {}),
    }
  },
  locales: {
    root: { label: 'English', lang: 'en' },
    ...(chinese.length === 0
      ? {}
      : {
          'zh-CN': {
            label: '简体中文',
            lang: 'zh-CN',
            link: chinese[0]?.link ?? '/zh-CN/',
            themeConfig: { sidebar: [{ text: '简体中文', items: chinese }] },
          },
        }),
  },
  themeConfig: {
    i18nRouting: false,
    nav: [
      { text: 'Introduction', link: '/introduction' },
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Guarantees', link: '/guarantees' },
      { text: 'Operations', link: '/operations/' },
      { text: 'Reference', link: '/reference/options' },
    ],
    sidebar: menuOf(root),
    outline: { level: [2, 3] },
    search: { provider: 'local', options: { _render: searchedOf } },
    socialLinks: [{ icon: 'github', link: REPOSITORY, ariaLabel: 'The sources' }],
    editLink: { text: 'Edit this page', pattern: pageOf(':path').replace('/blob/', '/edit/') },
  },
})
