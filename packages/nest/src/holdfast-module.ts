import { type DynamicModule, Inject, Module, type NestModule, type Provider } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { InvalidArgumentError, createHoldfast } from '@holdfast/core'
import { Cache, Holdfast, Idempotency, Locks } from './features.ts'
import { type FastifyInstance, hookReplies } from './http/fastify-platform.ts'
import { HttpRuntime } from './http/http-runtime.ts'
import { hasIdempotentRoutes } from './http/idempotent.ts'
import { HoldfastHealthIndicator } from './health-indicator.ts'
import { Lifecycle } from './lifecycle.ts'
import type {
  HoldfastModuleAsyncOptions,
  HoldfastModuleOptions,
  HoldfastModuleSettings,
  HoldfastOptionsFactory,
} from './module-options.ts'
import {
  DEFAULT_NAME,
  getCacheToken,
  getHealthIndicatorToken,
  getHoldfastToken,
  getHttpRuntimeToken,
  getIdempotencyToken,
  getLocksToken,
} from './tokens.ts'

/**
 * Locks, idempotency and cache for a Nest app: import it once in the root module, and inject {@link Locks},
 * {@link Idempotency}, {@link Cache} anywhere, or decorate methods.
 */
export class HoldfastModule implements NestModule {
  readonly #adapterHost: HttpAdapterHost

  constructor(adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost
  }

  /** Called by Nest before it registers routes, which is when a hook for all of them can still be added. */
  configure(): void {
    const { httpAdapter } = this.#adapterHost
    if (hasIdempotentRoutes() && httpAdapter?.getType() === 'fastify') {
      hookReplies(httpAdapter.getInstance<FastifyInstance>())
    }
  }

  /** An instance of options that are known now. */
  static forRoot(options: HoldfastModuleOptions): DynamicModule {
    const { name, isGlobal, ...settings } = options
    return HoldfastModule.forRootAsync({
      ...(name === undefined ? {} : { name }),
      ...(isGlobal === undefined ? {} : { isGlobal }),
      useFactory: () => settings as HoldfastModuleSettings,
    })
  }

  /** An instance of options that other providers make. */
  static forRootAsync(options: HoldfastModuleAsyncOptions): DynamicModule {
    const { name = DEFAULT_NAME, isGlobal = true, imports = [] } = options
    const settings = Symbol.for(`holdfast:${name}:settings`)
    const instance = getHoldfastToken(name)
    const http = getHttpRuntimeToken(name)
    const features: Provider[] = [
      {
        provide: http,
        inject: [instance, settings],
        useFactory: (holdfast: Holdfast, given: HoldfastModuleSettings) =>
          new HttpRuntime(holdfast, given.http),
      },
      {
        provide: getLocksToken(name),
        inject: [instance],
        useFactory: (holdfast: Holdfast) => holdfast.locks,
      },
      {
        provide: getIdempotencyToken(name),
        inject: [instance],
        useFactory: (holdfast: Holdfast) => holdfast.idempotency,
      },
      {
        provide: getCacheToken(name),
        inject: [instance],
        useFactory: (holdfast: Holdfast) => holdfast.cache,
      },
      {
        provide: getHealthIndicatorToken(name),
        inject: [instance],
        useFactory: (holdfast: Holdfast) => new HoldfastHealthIndicator(holdfast),
      },
      ...(name === DEFAULT_NAME ? byType : []),
    ]
    return {
      module: HoldfastModule,
      global: isGlobal,
      imports,
      providers: [
        ...settingsProviders(settings, options),
        { provide: instance, inject: [settings], useFactory: instanceOf },
        {
          provide: Symbol.for(`holdfast:${name}:lifecycle`),
          inject: [instance, http, settings],
          useFactory: (holdfast: Holdfast, runtime: HttpRuntime, given: HoldfastModuleSettings) =>
            new Lifecycle(holdfast, runtime, given, name),
        },
        ...features,
      ],
      exports: [instance, ...features],
    }
  }
}
Module({})(HoldfastModule)
// Without decorator syntax, so that the sources run as they are wherever types are only stripped.
Inject(HttpAdapterHost)(HoldfastModule, undefined, 0)

function instanceOf(settings: HoldfastModuleSettings): Holdfast {
  if ('holdfast' in settings) return settings.holdfast
  // The rest is for the module.
  const { http: _http, graceMs: _graceMs, logConnection: _logConnection, ...own } = settings
  return createHoldfast(own)
}

function settingsProviders(
  token: symbol,
  { inject = [], useFactory, useClass, useExisting }: HoldfastModuleAsyncOptions,
): Provider[] {
  if (useFactory !== undefined) return [{ provide: token, inject, useFactory }]
  const factory = useClass ?? useExisting
  if (factory === undefined) {
    throw new InvalidArgumentError('HoldfastModule.forRootAsync needs useFactory, useClass or useExisting.')
  }
  return [
    ...(useClass === undefined ? [] : [useClass]),
    {
      provide: token,
      inject: [factory],
      useFactory: (made: HoldfastOptionsFactory) => made.createHoldfastOptions(),
    },
  ]
}

/** What plain constructor types mean. */
const byType: readonly Provider[] = [
  { provide: Holdfast, useExisting: getHoldfastToken() },
  { provide: Locks, useExisting: getLocksToken() },
  { provide: Idempotency, useExisting: getIdempotencyToken() },
  { provide: Cache, useExisting: getCacheToken() },
  { provide: HoldfastHealthIndicator, useExisting: getHealthIndicatorToken() },
]
