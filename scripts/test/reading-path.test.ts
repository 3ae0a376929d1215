/** The README of core names the files that are core in one sitting. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const core = resolve(import.meta.dirname, '../../packages/core')
const MOST_LINES = 2_500

it('the ten files that core is read by exist, and have at most 2,500 lines together', () => {
  const readme = readFileSync(join(core, 'README.md'), 'utf8')
  const files = Array.from(readme.matchAll(/^\d+\. \[`(src\/[^`]+)`\]/gm), ([, file = '']) => file)
  expect(files).toHaveLength(10)
  const lines = files.map((file) => readFileSync(join(core, file), 'utf8').split('\n').length - 1)
  const total = lines.reduce((sum, each) => sum + each, 0)
  const list = files.map((file, index) => `${lines[index]} ${file}`).join('\n')
  expect(
    total,
    `make them smaller, or choose other files in packages/core/README.md:\n${list}`,
  ).toBeLessThanOrEqual(MOST_LINES)
})
