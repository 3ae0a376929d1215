import type { ActionAnswer, ActionName, Actions } from '../events/snapshot.ts'

/** Does what a visitor asked for. Resolves when it is done, and says what was done or why not. */
export type Acting = <Name extends ActionName>(name: Name, input: Actions[Name]) => Promise<ActionAnswer>
