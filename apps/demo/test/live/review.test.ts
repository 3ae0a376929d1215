/** A review as the page shows it: the sample, its difference, and what was found on which lines. */
import { beforeEach, describe, it } from 'vitest'
import { plantedFaults } from '../../src/sample/planted.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

beforeEach(onlyInWholeDemo)

describe('the sample', () => {
  it('is reviewed, with its risk, and with findings on lines in several languages', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1, sample: true })
    expect(world.state().repository).toMatchObject({ name: 'sample-shop', isSample: true })
    await world.act('fire', { times: 1, waiting: 0 })
    const opened = await until('review')
    expect(opened).toMatchObject({
      number: 1,
      title: 'Discounts, and the export of a day',
      state: 'Pending',
    })
    const done = await until('review', ({ state }) => state === 'HumanReview')
    expect(done).toMatchObject({ id: opened.id, percent: 100, instance: 'instance-1', attempt: 1 })
    expect(all('review').map(({ state }) => state)).toContain('AIReviewing')

    const review = await world.review(opened.id)
    const found = review?.files.flatMap(({ path, findings }) =>
      findings.map(({ line, category, rule }) => `${path}:${line} ${category} ${rule}`),
    )
    const planted = (await plantedFaults()).filter(({ rule }) => !rule.startsWith('human/'))
    expect(found?.toSorted()).toEqual(
      planted
        .map(({ file, line = null, category, rule }) => `${file}:${line} ${category} ${rule}`)
        .toSorted(),
    )
    expect(done.errors + done.warnings + done.infos).toBe(planted.length)
    expect(done).toMatchObject({ risk: 100, reason: null })
    expect(review?.suggestions[0]).toMatch(/\w/)
    expect(review?.problem).toBeNull()

    const typescript = review?.files.find(({ path }) => path === 'src/total.ts')
    const { line } = typescript?.findings.find(({ rule }) => rule === 'eslint/no-debugger') ?? {}
    const shown = typescript?.hunks.flatMap((hunk) => hunk.lines).find(({ newLine }) => newLine === line)
    expect(shown).toMatchObject({ kind: 'added', oldLine: null, text: '  debugger' })
    expect(review?.additions).toBe(
      review?.files
        .flatMap(({ hunks }) => hunks)
        .flatMap((hunk) => hunk.lines.filter(({ kind }) => kind === 'added')).length,
    )
    expect(await world.review('no-such-review')).toBeUndefined()
  })
})
