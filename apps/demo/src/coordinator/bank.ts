/** The payment provider as the instances see it: it agrees at once, unless the scenario has other plans. */
export interface Bank {
  readonly ask: (instance: string) => Promise<void>
  /** From now on `answer` decides when the bank agrees. */
  intercept(answer: (instance: string) => Promise<void>): void
}

export function createBank(): Bank {
  let answer = (_instance: string): Promise<void> => Promise.resolve()
  return {
    ask: (instance) => answer(instance),
    intercept: (other) => void (answer = other),
  }
}
