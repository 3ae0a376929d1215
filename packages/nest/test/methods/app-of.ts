import type { INestApplicationContext, Type } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { type Storage, memoryStorage } from '@holdfast/core'
import { HoldfastModule } from '@holdfast/nest'

/** An app of these providers, with two instances of Holdfast over memory: the default one and `other`. */
export function appOf(...providers: Type[]): Promise<INestApplicationContext> {
  return appOver(memoryStorage(), ...providers)
}

/** The same, with this storage for the default instance. */
export async function appOver(storage: Storage, ...providers: Type[]): Promise<INestApplicationContext> {
  const module = await Test.createTestingModule({
    imports: [
      HoldfastModule.forRoot({ storage }),
      HoldfastModule.forRoot({ name: 'other', storage: memoryStorage() }),
    ],
    providers,
  }).compile()
  return module.init()
}
