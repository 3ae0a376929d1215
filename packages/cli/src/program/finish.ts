/** Turns a command's function, which returns how the program ends, into an action of commander. */
export type Finish = <Args extends unknown[]>(
  run: (...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>
