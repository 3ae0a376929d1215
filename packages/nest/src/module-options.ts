import type { DynamicModule, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common'
import type { Holdfast, HoldfastOptions } from '@holdfast/core'
import type { AppSettings, HttpIdempotencyOptions } from '@holdfast/http'

/** What `createHoldfast` takes, or a `Holdfast` that is there already; and what the module does with it. */
export type HoldfastModuleSettings<Request = never> = ModuleSettings<Request> &
  (
    | HoldfastOptions
    | {
        /** The one that is injected. */
        readonly holdfast: Holdfast
        readonly closeHoldfast?: AppSettings['closeHoldfast']
      }
  )

/** What the module takes beside the Holdfast that it makes or gets. */
export interface ModuleSettings<Request = never> extends Omit<AppSettings, 'closeHoldfast'> {
  /**
   * What every `@Idempotent` route does unless it says otherwise; `scope` has no default and must be in one of both. The
   * resolvers' request is any, unless they say which: `(request: ExpressRequest) => …`.
   */
  readonly http?: Partial<HttpIdempotencyOptions<Request>>
}

/** Which instance this is, and who sees it. */
export interface HoldfastModulePlacement {
  /** For a second instance beside the unnamed one: injected by `InjectLocks(name)`, chosen by `{ holdfast: name }`. */
  readonly name?: string
  /**
   * Whether every module can inject it without importing it.
   * @default true
   */
  readonly isGlobal?: boolean
}

/** What the module takes: the options of a Holdfast that it makes and closes, or one that is there already. */
export type HoldfastModuleOptions<Request = never> = HoldfastModuleSettings<Request> & HoldfastModulePlacement

/** A class that makes the settings, for `useClass` and `useExisting`. */
export interface HoldfastOptionsFactory {
  createHoldfastOptions(): HoldfastModuleSettings | Promise<HoldfastModuleSettings>
}

/** One of `useFactory` (with `inject`), `useClass` and `useExisting`. */
export interface HoldfastModuleAsyncOptions<Request = never> extends HoldfastModulePlacement {
  readonly imports?: NonNullable<DynamicModule['imports']>
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[]
  // Parameters that are `never` accept a factory of any parameters; Nest hands in what `inject` names.
  readonly useFactory?: (
    ...injected: never[]
  ) => HoldfastModuleSettings<Request> | Promise<HoldfastModuleSettings<Request>>
  readonly useClass?: Type<HoldfastOptionsFactory>
  readonly useExisting?: InjectionToken<HoldfastOptionsFactory>
}
