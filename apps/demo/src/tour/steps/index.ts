import type { Step } from '../step.ts'
import { frozen } from './frozen.ts'
import { killed } from './killed.ts'
import { once } from './once.ts'
import { outage } from './outage.ts'
import { shared } from './shared.ts'

export const STEPS: readonly Step[] = [once, killed, frozen, outage, shared]
