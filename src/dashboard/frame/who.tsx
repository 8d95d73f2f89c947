import { tell } from '../state/act.ts'
import { closed } from '../state/door.ts'
import { go } from '../state/route.ts'
import { session, signingIn, signOut } from '../state/session.ts'
import { Button } from '../ui/button.tsx'
import { Menu } from '../ui/menu.tsx'

/** Which key this page acts with; nothing where none is needed. */
export function Who() {
  if (closed.value) {
    return (
      <Button
        icon="key"
        look="main"
        onClick={() => {
          signingIn.value = true
        }}
      >
        Sign in
      </Button>
    )
  }
  const key = session()?.key
  if (!key) return null
  const items = [
    { label: 'What it may do', act: () => go('/settings') },
    { label: 'Keys', act: () => go('/keys') },
    { label: 'Sign out', apart: true, act: () => signOut().catch((error: Error) => tell(error.message, true)) }
  ]
  return <Menu icon="key" label={key.name} items={items} />
}
