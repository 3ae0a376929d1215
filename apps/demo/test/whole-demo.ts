import type { TestContext } from 'vitest'

const isWanted = process.env['WITH_DEMO'] === 'all'

/**
 * For what starts a fleet of processes to try one act or one form by itself: `npm test` plays the tour, which has the
 * strongest of them, and starts the demo in its main forms.
 */
export function onlyInWholeDemo({ skip }: Pick<TestContext, 'skip'>): void {
  skip(!isWanted, '`npm run test:demo` tries every act and form of the demo by itself: it takes minutes')
}
