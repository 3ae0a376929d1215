import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'vitest'
import { isNewer } from '../../src/server/build-page.ts'
import { temporaryFolder } from '../repository.ts'

it('builds the page again when a source is newer than what was built', ({ expect, onTestFinished }) => {
  const app = temporaryFolder(onTestFinished)
  const write = (file: string, second: number): void => {
    const path = join(app, file)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, file)
    utimesSync(path, second, second)
    expect(readFileSync(path, 'utf8')).toBe(file)
  }
  const isStale = (): boolean => isNewer(join(app, 'page'), join(app, 'dist/page'))
  write('page/index.html', 100)
  write('page/src/main.tsx', 100)
  expect(isStale()).toBe(true)
  write('dist/page/index.html', 200)
  expect(isStale()).toBe(false)
  for (const file of ['page/node_modules/vite/index.js', 'page/test/x.test.ts', 'src/server/api.ts'])
    write(file, 300)
  expect(isStale()).toBe(false)
  write('src/events/snapshot.ts', 300)
  expect(isStale()).toBe(true)
  write('dist/page/index.html', 400)
  expect(isStale()).toBe(false)
  write('page/src/styles/tokens.css', 500)
  expect(isStale()).toBe(true)
})
