import { Counter, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { scrape } from '../../src/server/scrape.ts'

function measuring(instance: string | undefined, count: number): Registry {
  const register = new Registry()
  if (instance !== undefined) register.setDefaultLabels({ instance })
  new Counter({ name: 'runs_total', help: 'Runs.', labelNames: ['job'], registers: [register] }).inc(
    { job: 'one' },
    count,
  )
  return register
}

it('names each measure once, and says of which instance it is', async () => {
  const own = measuring(undefined, 1)
  new Counter({ name: 'pages_total', help: 'Pages.', registers: [own], aggregator: 'omit' }).inc(7)
  const others = [measuring('instance-1', 2), measuring('instance-2', 3)]
  const text = await scrape(own, await Promise.all(others.map((each) => each.getMetricsAsJSON())))
  expect(
    text
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  ).toEqual([
    '# HELP runs_total Runs.',
    '# TYPE runs_total counter',
    'runs_total{job="one"} 1',
    'runs_total{job="one",instance="instance-1"} 2',
    'runs_total{job="one",instance="instance-2"} 3',
    '# HELP pages_total Pages.',
    '# TYPE pages_total counter',
    'pages_total 7',
  ])
})
