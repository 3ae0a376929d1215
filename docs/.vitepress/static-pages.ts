/**
 * A page without components is a static part of the page for Vue, as it is: for Vue to compile it, and for the bundler to
 * read what Vue has made of it, would take a third of the build.
 */
import type { MarkdownEnv, MarkdownRenderer } from 'vitepress'

/** Vue has to see components, and the bundler the images. */
const IS_COMPILED = /<(?:[A-Z]|img\b|script\b|style\b)/

/** For pages alone: the search asks for the text of a page as well. */
export interface SearchedEnv extends MarkdownEnv {
  readonly isSearched?: true
}

export function showPagesAsStatic(markdown: MarkdownRenderer): void {
  const render = markdown.render.bind(markdown)
  markdown.render = (text: string, env: SearchedEnv = {} as SearchedEnv) => {
    const html = render(text, env)
    if (env.isSearched === true || env.sfcBlocks === undefined || IS_COMPILED.test(html)) return html
    const content = scriptOf(html.replaceAll(/(<(?:pre|code)\b[^>]*?) v-pre(?:="")?(?=[ >])/g, '$1'))
    env.sfcBlocks.scripts.push({ ...NO_TAG, content, contentStripped: content })
    return '<StaticPage />'
  }
}

const NO_TAG = { type: 'script', tagOpen: '<script>', tagClose: '</script>' }

/** VitePress leaves the text of `createStaticVNode` out of what a reader loads beside the first page. */
function scriptOf(html: string): string {
  return `<script>
import { createStaticVNode } from 'vue'
const StaticPage = () => createStaticVNode(${JSON.stringify(`<div>${html}</div>`)}, 1)
export default { components: { StaticPage } }
</script>`
}
