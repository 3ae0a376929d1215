import { memoryStorage } from '@holdfast/core'
import { HoldfastModule, Idempotent } from '@holdfast/nest'
import { Body, Controller, Module, Post } from '@nestjs/common'
import type { Request } from 'express'

const storage = memoryStorage()
let charges = 0
const charge = async (_amount: number): Promise<string> => `ch_${(charges += 1)}`

// #region route
@Controller('payments')
class PaymentsController {
  @Post()
  @Idempotent()
  async pay(@Body() { amount }: { amount: number }): Promise<{ id: string }> {
    return { id: await charge(amount) }
  }
}

@Module({
  imports: [
    HoldfastModule.forRoot({
      storage,
      prefix: 'shop',
      // In earnest: the user whom you authenticated.
      http: { scope: (request: Request) => request.headers.authorization ?? '' },
    }),
  ],
  controllers: [PaymentsController],
})
class PaymentsModule {}
// #endregion

export { PaymentsModule }
