import { HoldfastError } from '../errors.ts'

/** `LOAD_TIMEOUT`: a load of the cache took longer than `hardTimeoutMs`. Its signal was aborted, and nothing is stored. */
export class LoadTimeoutError extends HoldfastError {
  readonly key: string
  readonly timeoutMs: number

  constructor(key: string, timeoutMs: number) {
    super(
      'LOAD_TIMEOUT',
      `The load of ${JSON.stringify(key)} did not end within ${timeoutMs} ms; its signal was aborted. ` +
        'Make it faster, have it heed its signal, or raise hardTimeoutMs.',
      { publicMessage: 'A value could not be loaded in time.' },
    )
    this.key = key
    this.timeoutMs = timeoutMs
  }
}
