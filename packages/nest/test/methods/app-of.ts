import type { INestApplicationContext, Type } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule } from '@holdfast/nest'

/** An app of these providers, with two instances of Holdfast over memory: the default one and `other`. */
export async function appOf(...providers: Type[]): Promise<INestApplicationContext> {
  const module = await Test.createTestingModule({
    imports: [
      HoldfastModule.forRoot({ storage: memoryStorage() }),
      HoldfastModule.forRoot({ name: 'other', storage: memoryStorage() }),
    ],
    providers,
  }).compile()
  return module.init()
}
