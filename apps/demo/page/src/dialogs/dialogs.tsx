import type { JSX } from 'preact'
import { type DialogRequest, dialog } from '../view.ts'
import { ForgetDialog } from './forget-dialog.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { ManyDialog } from './many-dialog.tsx'
import { RangeDialog } from './range-dialog.tsx'
import { RejectDialog } from './reject-dialog.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'
import { TokenDialog } from './token-dialog.tsx'

/** All of them; the signal `dialog` says which one is open. */
export function Dialogs(): JSX.Element | null {
  const request = dialog.value
  return request === null ? null : <Requested request={request} />
}

function Requested({ request }: { readonly request: DialogRequest }): JSX.Element {
  switch (request.name) {
    case 'keys':
      return <KeysDialog />
    case 'token':
      return <TokenDialog />
    case 'review-range':
      return <RangeDialog />
    case 'review-many':
      return <ManyDialog />
    case 'reject':
      return <RejectDialog {...request} />
    case 'revoke':
      return <RevokeDialog {...request} />
    case 'forget':
      return <ForgetDialog work={request.work} />
  }
}
