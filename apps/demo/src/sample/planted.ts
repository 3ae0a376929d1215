import { type Planted, sampleFiles } from './sample-files.ts'

/** In these parts of the sample code is added, and no test. */
const UNTESTED = ['src/orders.ts', 'tools/export.py']

/** All faults of the change that the sample has reviewed. */
export async function plantedFaults(): Promise<readonly Planted[]> {
  const files = await sampleFiles('after')
  return [
    ...files.flatMap(({ planted }) => planted),
    ...UNTESTED.map((file): Planted => ({ file, category: 'quality', rule: 'tests/missing' })),
  ]
}
