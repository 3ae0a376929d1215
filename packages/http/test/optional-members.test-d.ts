/**
 * Compiled, never run: an undefined member of options counts as absent, and the types allow it also where
 * `exactOptionalPropertyTypes` distinguishes the two.
 */
import type * as http from '@holdfast/http'

/** The names of the optional members that refuse undefined, within members that are options themselves, too. */
type Strict<T> = T extends
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | ((...args: never[]) => unknown)
  ? never
  : {
      [K in keyof T & string]-?: object extends Pick<T, K>
        ? Record<K, undefined> extends Pick<T, K>
          ? never
          : K
        : never
    }[keyof T & string]

/** The options that a method takes last. */
type Last<F> = F extends (...args: infer Args) => unknown
  ? Required<Args> extends [...unknown[], infer Options]
    ? Options
    : never
  : never

declare const strict: {
  readonly http: Strict<http.HttpIdempotencyOptions>
  readonly httpWait: Strict<NonNullable<http.HttpIdempotencyOptions['wait']>>
  readonly problems: Strict<http.ProblemOptions>
  readonly problemStatus: Strict<NonNullable<http.ProblemOptions['status']>>
  readonly httpBegin: Strict<Last<http.HttpIdempotency['begin']>>
}
strict satisfies Readonly<Record<keyof typeof strict, never>>
