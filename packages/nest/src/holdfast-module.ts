import {
  type DynamicModule,
  Inject,
  Module,
  type NestModule,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common'
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { InvalidArgumentError } from '@holdfast/core'
import { checkAdapterSettings, holdfastOf } from '@holdfast/http'
import { Cache, Holdfast, Idempotency, Locks } from './features.ts'
import { type FastifyInstance, hookReplies } from './http/fastify-platform.ts'
import { HttpRuntime } from './http/http-runtime.ts'
import { hasIdempotentRoutes } from './http/idempotent.ts'
import { startIdempotentRoutes } from './http/start.ts'
import { HoldfastHealthIndicator } from './health-indicator.ts'
import { Lifecycle } from './lifecycle.ts'
import { refuseSharedPrefixes } from './methods/cached-prefixes.ts'
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
  getSettingsToken,
  nameOfSettings,
} from './tokens.ts'

let copies = 0

/**
 * Locks, idempotency and cache for a Nest app: import it once in the root module, and inject {@link Locks},
 * {@link Idempotency}, {@link Cache} anywhere, or decorate methods.
 */
export class HoldfastModule implements NestModule, OnModuleInit {
  readonly #adapterHost: HttpAdapterHost
  readonly #modules: ModulesContainer

  constructor(adapterHost: HttpAdapterHost, modules: ModulesContainer) {
    this.#adapterHost = adapterHost
    this.#modules = modules
  }

  /** In apps without HTTP Nest calls nothing before. */
  onModuleInit(): void {
    this.#start()
  }

  #start(): void {
    refuseTwins(this.#modules)
    refuseSharedPrefixes(this.#modules)
    if (hasIdempotentRoutes()) startIdempotentRoutes(this.#modules)
  }

  /** Called by Nest before it registers routes, which is when a hook for all of them can still be added. */
  configure(): void {
    this.#start()
    const { httpAdapter } = this.#adapterHost
    if (hasIdempotentRoutes() && httpAdapter?.getType() === 'fastify') {
      hookReplies(httpAdapter.getInstance<FastifyInstance>())
    }
  }

  /** An instance of options that are known now. */
  // The platform's own request cannot be known here.
  // oxlint-disable-next-line typescript/no-explicit-any
  static forRoot<Request = any>(options: HoldfastModuleOptions<Request>): DynamicModule {
    const { name, isGlobal, ...settings } = options
    return HoldfastModule.forRootAsync({
      ...(name === undefined ? {} : { name }),
      ...(isGlobal === undefined ? {} : { isGlobal }),
      useFactory: () => settings as HoldfastModuleSettings<Request>,
    })
  }

  /** An instance of options that other providers make. */
  // oxlint-disable-next-line typescript/no-explicit-any
  static forRootAsync<Request = any>(options: HoldfastModuleAsyncOptions<Request>): DynamicModule {
    const { name = DEFAULT_NAME, isGlobal = true, imports = [] } = options
    const settings = getSettingsToken(name)
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
        // Nest 10 takes modules of equal metadata for one; these are two.
        { provide: Symbol.for(`holdfast:${name}:copy`), useValue: (copies += 1) },
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
Inject(ModulesContainer)(HoldfastModule, undefined, 1)

/** Two instances of one name, of which every module can inject one: which it is would be left to chance. */
function refuseTwins(modules: ModulesContainer): void {
  const known = new Map<symbol, boolean>()
  for (const { metatype, providers, isGlobal } of modules.values()) {
    if (metatype !== HoldfastModule) continue
    for (const token of providers.keys()) {
      const name = typeof token === 'symbol' ? nameOfSettings(token) : undefined
      if (typeof token !== 'symbol' || name === undefined) continue
      const twin = known.get(token)
      if (twin !== undefined && (twin || isGlobal)) {
        throw new InvalidArgumentError(
          name === DEFAULT_NAME
            ? 'HoldfastModule.forRoot is imported twice without a name: import it once, in the root module, or give the second a name.'
            : `HoldfastModule.forRoot is imported twice with the name ${name}.`,
        )
      }
      known.set(token, isGlobal)
    }
  }
}

function instanceOf(settings: HoldfastModuleSettings): Holdfast {
  checkAdapterSettings(settings)
  return holdfastOf(settings, ['http', 'graceMs', 'logConnection']).holdfast
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
