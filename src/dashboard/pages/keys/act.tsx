import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import type { Key } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Rotate } from '../../ui/overlays/rotate.tsx'
import { ShownKey } from './shown-key.tsx'

interface KeyButtonsProps {
  item: Key
  /** The key of this session. */
  isMine: boolean
}

export function KeyButtons({ item, isMine }: KeyButtonsProps) {
  const [rotates, setRotates] = useState(false)
  const close = () => setRotates(false)
  const named = <span class="only-heard"> {item.name}</span>
  return (
    <>
      <Button icon="retry" needs="rotateKey" onClick={() => setRotates(true)}>
        Rotate{named}
      </Button>
      <Button icon="cancel" needs="revokeKey" onClick={() => revoke(item, isMine)}>
        Revoke{named}
      </Button>
      {rotates && (
        <Rotate<{ key: string }>
          title={`Rotate ${item.name}?`}
          text="A new key with the same scopes and limits is made and shown next."
          label="The old one works for"
          yes="Rotate key"
          needs="rotateKey"
          path={`/api/keys/${item.id}`}
          done="There is a new key"
          close={close}
          shown={({ key }) => <ShownKey title={`The new key of ${item.name}`} secret={key} onClose={close} />}
        />
      )}
    </>
  )
}

function revoke({ id, name }: Key, isMine: boolean) {
  const mine = isMine ? ' You are signed in with it: this page will ask for another key.' : ''
  confirm({
    title: `Revoke ${name}?`,
    text: `Its requests are refused from now on, and its sockets, uploads and sessions end. This cannot be undone.${mine}`,
    yes: 'Revoke key',
    needs: 'revokeKey',
    danger: true,
    grave: true,
    act: () => act('The key is revoked', 'DELETE', `/api/keys/${id}`)
  })
}
