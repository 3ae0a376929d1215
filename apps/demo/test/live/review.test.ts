/** A review as the page shows it: the sample, its difference, and what was found on which lines. */
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

beforeEach(onlyInWholeDemo)

describe('the sample', () => {
  it('is reviewed, with findings on lines in two languages', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1, sample: true })
    expect(world.state().repository).toMatchObject({ name: 'sample-shop', isSample: true })
    await world.act('fire', { times: 1, waiting: 0 })
    const opened = await until('review')
    expect(opened).toMatchObject({
      number: 1,
      title: 'Discounts, and the export of a day',
      status: 'pending',
    })
    const done = await until('review', ({ status }) => status === 'reviewed')
    expect(done).toMatchObject({ id: opened.id, percent: 100, instance: 'instance-1', attempt: 1 })
    expect(all('review').map(({ status }) => status)).toContain('reviewing')

    const review = await world.review(opened.id)
    const onLines = review?.files.flatMap(({ path, findings }) =>
      findings.flatMap(({ line, severity, rule }) => (line === null ? [] : [`${path} ${severity} ${rule}`])),
    )
    expect(onLines?.toSorted()).toEqual([
      'src/total.ts error eslint/no-debugger',
      'src/total.ts error eslint/no-unsafe-finally',
      'src/total.ts error eslint/use-isnan',
      'src/total.ts info diff/unfinished',
      'tools/export.py error diff/secret',
      'tools/export.py info diff/unfinished',
      'tools/export.py info git/whitespace',
    ])
    expect(done).toMatchObject({ errors: 4, infos: 3 })

    const [typescript] = review?.files ?? []
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
