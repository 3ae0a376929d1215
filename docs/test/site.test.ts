/** The site is built as it is published; every link of every page leads somewhere, and a real browser can use it. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  type Browser,
  ChromiumNotFoundError,
  type Page,
  startChromium,
} from '@holdfast/test-support/chromium'
import type axe from 'axe-core'
import type { DefaultTheme } from 'vitepress'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pageOf } from '../../scripts/publication.ts'
import { documentsOfSite, menuOf } from '../.vitepress/pages.ts'
import { BASE, type BuiltSite, buildSite, fileOf, root } from './built-site.ts'

let site: BuiltSite
beforeAll(async () => {
  site = await buildSite()
})
afterAll(async () => await site[Symbol.asyncDispose]())

const linksOf = (items: readonly DefaultTheme.SidebarItem[]): string[] =>
  items.flatMap(({ link, items: inner = [] }) => [
    ...(link === undefined ? [] : [link.slice(1)]),
    ...linksOf(inner),
  ])

describe('the built site', () => {
  it('has a page for every entry of the menu', () => {
    const links = linksOf(menuOf(root))
    expect(links).toEqual(
      expect.arrayContaining(['features/locks', 'operations/', 'guarantees', 'reference/packages/core']),
    )
    expect(links.filter((link) => fileOf(site.directory, link) === undefined)).toEqual([])
    expect(new Set(links).size).toBe(links.length)
  })

  it('has no dead link: none to its pages and headings, none to files on the forge', () => {
    const files = globSync('**/*.html', { cwd: site.directory })
    const read = (file: string): string => readFileSync(join(site.directory, file), 'utf8')
    const headings = new Map(
      files.map((file) => [file, new Set([...read(file).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
    )
    const isDead = (link: string, from: string): boolean => {
      const { origin, pathname, hash } = new URL(
        link.replaceAll('&amp;', '&'),
        `https://site.test${BASE}${from}`,
      )
      const onForge = /^\/holdfast\/holdfast\/(?:blob|tree|edit)\/main\/(.*)$/.exec(pathname)?.[1]
      if (origin !== 'https://site.test')
        return (
          origin === new URL(pageOf('')).origin && onForge !== undefined && !existsSync(join(root, onForge))
        )
      if (!pathname.startsWith(BASE)) return true
      const page = fileOf(site.directory, decodeURIComponent(pathname.slice(BASE.length)))
      if (page === undefined) return true
      const ids = headings.get(page.slice(site.directory.length + 1))
      return hash !== '' && ids !== undefined && !ids.has(decodeURIComponent(hash.slice(1)))
    }
    const dead = files.flatMap((file) =>
      [...read(file).matchAll(/<a [^>]*?href="([^"]+)"/g)]
        .map(([, link = '']) => link)
        .filter((link) => isDead(link, file))
        .map((link) => `${file}: ${link}`),
    )
    expect(files.length).toBeGreaterThan(30)
    expect(dead).toEqual([])
  })

  it('explains every public name: each has a doc comment', () => {
    expect(site.output.match(/^Without a doc comment: .*/gm) ?? []).toEqual([])
  })

  it('has the API of every entry that can be imported', () => {
    const page = fileOf(site.directory, 'reference/api/@holdfast.core')
    expect(readFileSync(page ?? '', 'utf8')).toContain('createHoldfast')
  })
})

/** On a machine that has much else to do, half a minute is short. */
const PATIENCE_MS = 240_000

describe('in a browser', () => {
  let reason: string | undefined
  let browser: Browser
  beforeAll(async () => {
    try {
      browser = await startChromium()
    } catch (error) {
      if (!(error instanceof ChromiumNotFoundError)) throw error
      reason = error.message
    }
  })
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })
  afterAll(async () => await browser?.close())

  interface View {
    readonly width?: number
    readonly dark?: boolean
    /** Whether the page loads ahead what its links lead to, which takes the browser longer than the page does. */
    readonly loadsAhead?: boolean
  }

  /** A window for each kind of view: a browser that has the scripts shows the next page sooner. */
  const windows = new Map<string, Page>()
  const windowOf = async ({ width, dark, loadsAhead }: Required<View>): Promise<Page> => {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
    })
    context.setDefaultTimeout(PATIENCE_MS)
    if (!loadsAhead)
      await context.addInitScript(() =>
        Object.defineProperty(navigator, 'connection', { value: { saveData: true } }),
      )
    return await context.newPage()
  }

  /** Opens a page, and fails if anything on it does. */
  const open = async (
    path: string,
    use: (page: Page) => Promise<void>,
    { width = 1280, dark = false, loadsAhead = false }: View = {},
  ): Promise<void> => {
    const view = { width, dark, loadsAhead }
    const key = JSON.stringify(view)
    const page = windows.get(key) ?? (await windowOf(view))
    // Back when all was well: a test that fails leaves its window to none.
    windows.delete(key)
    const faults: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('requestfailed', (request) => faults.push(`${request.url()} failed`))
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`)
    })
    await page.goto(site.url + path, { waitUntil: loadsAhead ? 'networkidle' : 'load' })
    // Vue has taken over what the server has rendered.
    await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}))
    await use(page)
    expect(faults).toEqual([])
    // The next page inherits neither what this one still asks for nor the colours that were chosen on it.
    page.removeAllListeners()
    await page.evaluate(() => localStorage.clear())
    await page.goto('about:blank')
    windows.set(key, page)
  }

  it('the home opens, and what its links lead to can be loaded ahead', async () => {
    await open(
      '',
      async (page) => {
        expect(await page.locator('h1').innerText()).toContain('Holdfast')
        expect(
          await page.locator('.vp-doc img').evaluate((image: HTMLImageElement) => image.naturalWidth),
        ).toBeGreaterThan(100)
        expect(await page.locator('link[rel=prefetch]').count()).toBeGreaterThan(5)
      },
      { loadsAhead: true },
    )
  })

  it('the search finds a page, and opens it', async () => {
    await open('', async (page) => {
      await page.locator('.VPNavBarSearch button').click()
      await page.locator('.VPLocalSearchBox input').fill('fencing')
      await page.locator('.VPLocalSearchBox .result', { hasText: 'Fencing' }).first().click()
      // The address is there before the page is.
      await page.locator('h1', { hasText: /fencing/i }).waitFor()
      expect(page.url()).toContain('fencing')
    })
  })

  it('the dark mode is turned on', async () => {
    await open('guarantees', async (page) => {
      const ground = async (): Promise<string> =>
        await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      const light = await ground()
      await page.locator('.VPNavBarAppearance button').click()
      await page.locator('html.dark').waitFor()
      expect(await ground()).not.toBe(light)
    })
  })

  it('an example is shown in colours, with its file, and a button that copies it', async () => {
    await open('features/locks', async (page) => {
      const example = page.locator('.from-file').first()
      expect(await example.locator('a').getAttribute('href')).toBe(pageOf('examples/locks.ts'))
      expect(await example.locator('.shiki span[style*="--shiki-light"]').count()).toBeGreaterThan(5)
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await example.locator('button.copy').click()
      await example.locator('button.copied').waitFor()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('locks.run(')
    })
  })

  const withDiagram = documentsOfSite(root).filter((file) =>
    readFileSync(join(root, 'docs', file), 'utf8').includes('\n```mermaid\n'),
  )
  it.each([
    ...withDiagram.map((file) => [file, false] as const),
    ...withDiagram.slice(0, 1).map((file) => [file, true] as const),
  ])('the diagrams of %s are drawn (dark: %s)', async (file, dark) => {
    await open(
      file.replace(/(index)?\.md$/, ''),
      async (page) => {
        await page.waitForFunction(() => document.querySelectorAll('pre.diagram').length === 0)
        expect(await page.locator('.diagram svg').count()).toBeGreaterThan(0)
      },
      { dark },
    )
  })
  it('some documents have diagrams', () => expect(withDiagram.length).toBeGreaterThan(0))

  it.each(['', 'features/cache', 'operations/runbook', 'reference/errors', 'reference/api/@holdfast.core'])(
    'a phone shows /%s without scrolling sideways',
    async (path) => {
      await open(
        path,
        async (page) => {
          const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
          expect(widths).toEqual([375, 375])
        },
        { width: 375 },
      )
    },
  )

  it.each([
    ['', false],
    ['features/locks', false],
    ['features/locks', true],
  ] as const)('axe finds nothing serious in /%s (dark: %s)', async (path, dark) => {
    await open(
      path,
      async (page) => {
        await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
        const violations = await page.evaluate(async () => {
          const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run({
            // The button of VitePress's search shows the keys that press it, beside its name.
            rules: { 'label-content-name-mismatch': { enabled: false } },
          })
          return found
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))
        })
        expect(violations).toEqual([])
      },
      { dark },
    )
  })
})
