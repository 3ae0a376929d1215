import {
  type DynamicModule,
  type INestApplication,
  Module,
  type NestInterceptor,
  type Type,
} from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import type { Storage } from '@holdfast/core'
import { kitDefaults } from '@holdfast/test-http-conformance'
import { HoldfastModule } from '@holdfast/nest'
import { kitController } from './kit-controller.ts'
import { addWatchdog } from './watchdog.ts'

export interface KitPlatform {
  adapter(): AbstractHttpAdapter
  /** Takes the files out of forms, where an interceptor does that. */
  readonly uploads?: Type<NestInterceptor>
  /** What apps add to the platform: parsers, compression, an API description. */
  prepare(app: INestApplication): void | Promise<void>
}

class KitModule {
  static of(storage: Storage, callTimeoutMs: number, { uploads }: KitPlatform): DynamicModule {
    return {
      module: KitModule,
      imports: [HoldfastModule.forRoot({ storage, prefix: 'kit', callTimeoutMs, http: kitDefaults })],
      controllers: [kitController(uploads)],
    }
  }
}
Module({})(KitModule)

/** The contract of the HTTP cases, served by Nest. */
export async function kitApp(
  platform: KitPlatform,
  storage: Storage,
  callTimeoutMs: number,
): Promise<INestApplication> {
  const app = await NestFactory.create(KitModule.of(storage, callTimeoutMs, platform), platform.adapter(), {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  })
  await platform.prepare(app)
  addWatchdog(app)
  return app
}
