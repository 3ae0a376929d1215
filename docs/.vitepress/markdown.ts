/** How the site shows Markdown: links as `links.ts` says, diagrams of Mermaid, and code with the file that it is from. */
import type { MarkdownEnv, MarkdownOptions, MarkdownRenderer } from 'vitepress'
import { anchorOf } from '../../scripts/docs.ts'
import { pageOf } from '../../scripts/publication.ts'
import { linkOnSite } from './links.ts'
import { API, documentsOfSite } from './pages.ts'
import { type SearchedEnv, showPagesAsStatic } from './static-pages.ts'

export function markdownOf(root: string): MarkdownOptions {
  const coloured = new Map<string, string>()
  return {
    // As the forge names headings, so that one link leads to both.
    anchor: { slugify: anchorOf },
    toc: { slugify: anchorOf },
    languageAlias: { conf: 'ini' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    config(markdown) {
      changeLinks(markdown, root)
      showFences(markdown)
      colourOnce(markdown, coloured)
      showPagesAsStatic(markdown)
    },
  }
}

/** What the search finds: documents by all of their text, the pages of the API by their names. */
export function searchedOf(
  text: string,
  env: MarkdownEnv,
  markdown: { render(text: string, env: SearchedEnv): string },
): string {
  const isApi = env.relativePath.startsWith(`${API}/`)
  return markdown.render(isApi ? (text.match(/^#{1,3} .*$/gm) ?? []).join('\n\n') : text, {
    ...env,
    isSearched: true,
  })
}

function changeLinks(markdown: MarkdownRenderer, root: string): void {
  const pages = new Set(documentsOfSite(root))
  markdown.core.ruler.push('links-on-site', ({ tokens, env }) => {
    const { relativePath = '' } = env as { readonly relativePath?: string }
    // Those are written with links that are right.
    if (/^reference\/(api|packages)\//.test(relativePath)) return
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const link = token.type === 'link_open' ? token.attrGet('href') : null
      if (link !== null) token.attrSet('href', linkOnSite(link, `docs/${relativePath}`, { root, pages }))
    }
  })
}

/** A page is rendered for the browser, for the server and for the search, and two pages may show the same code. */
function colourOnce({ options }: MarkdownRenderer, coloured: Map<string, string>): void {
  const { highlight } = options
  if (!highlight) throw new Error('VitePress colours no code')
  options.highlight = (code, language, attributes) => {
    const key = JSON.stringify([language, attributes, code])
    const html = coloured.get(key) ?? highlight(code, language, attributes)
    coloured.set(key, html)
    return html
  }
}

function showFences(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules
  if (fence === undefined) throw new Error('VitePress shows no code')
  markdown.renderer.rules.fence = (tokens, index, ...others) => {
    const token = tokens[index]
    const [language, source] = token?.info.trim().split(/\s+/) ?? []
    if (language === 'mermaid') return `<Diagram source="${encodeURIComponent(token?.content ?? '')}" />`
    const code = fence(tokens, index, ...others)
    const [file] = source?.split('#') ?? []
    if (file === undefined || !file.includes('/')) return code
    return `<div class="from-file"><a href="${pageOf(file)}" target="_blank" rel="noreferrer">${file}</a>${code}</div>`
  }
}
