/** What a translation must have in common with its English page: examples, headings, tables, code and links. */
import { readFileSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linksOf, targetOf } from '../docs.ts'

const root = resolve(import.meta.dirname, '../..')

const translations = {
  'README.md': 'README.zh-CN.md',
  'docs/quick-start.md': 'docs/zh-CN/quick-start.md',
}
const originalOf = new Map(Object.entries(translations).map(([english, other]) => [other, english]))

const FENCE = /^```[^\n]*\n[\s\S]*?^```$/gm

describe.each(Object.entries(translations))('%s and %s', (english, other) => {
  const [original, translated] = [english, other].map((page) =>
    readFileSync(resolve(root, page), 'utf8'),
  ) as [string, string]

  it('have the same examples, in the same order', () => {
    expect(translated.match(FENCE)).toEqual(original.match(FENCE))
  })

  it('have headings of the same levels', () => {
    expect(sectionsOf(translated).map(levelOf)).toEqual(sectionsOf(original).map(levelOf))
  })

  it('name the same code under each heading', () => {
    expect(sectionsOf(translated).map(codeOf)).toEqual(sectionsOf(original).map(codeOf))
  })

  it('have tables of the same size under each heading', () => {
    expect(sectionsOf(translated).map(rowsOf)).toEqual(sectionsOf(original).map(rowsOf))
  })

  it('link to the same pages under each heading', () => {
    expect(sectionsOf(translated).map((section) => targetsOf(section, other))).toEqual(
      sectionsOf(original).map((section) => targetsOf(section, english)),
    )
  })

  it('are in two languages', () => {
    for (const section of sectionsOf(translated)) expect(section).toMatch(/\p{Script=Han}|^# Holdfast$/mu)
    for (const section of sectionsOf(original))
      expect(section.replace('中文', '')).not.toMatch(/\p{Script=Han}/u)
  })
})

/** The parts of a page, each with the heading that begins it, without examples. */
function sectionsOf(page: string): string[] {
  return page.replaceAll(FENCE, '').split(/^(?=#+ )/m)
}

function levelOf(section: string): number {
  return /^#*/.exec(section)?.[0].length ?? 0
}

/** Sorted, since languages differ in the order of their words. */
function codeOf(section: string): string[] {
  return Array.from(section.matchAll(/`([^`]+)`/g), ([, code = '']) => code.replaceAll(/\s+/g, ' ')).sort()
}

/** Columns of each row. */
function rowsOf(section: string): number[] {
  return Array.from(section.matchAll(/^\|.*$/gm), ([row]) => row.replaceAll(/`[^`]*`/g, '').split('|').length)
}

/** Sorted, without headings; a page that has a translation counts as its original. */
function targetsOf(section: string, page: string): string[] {
  return linksOf(section)
    .map((link) => {
      const path = targetOf(link, page)?.path
      return path === undefined ? link : (originalOf.get(path) ?? posix.normalize(path))
    })
    .sort()
}
