import { tell } from '../state/acts/act.ts'
import { go } from '../state/browser/route.ts'
import { closed } from '../state/service/door.ts'
import { session, signingIn, signOut } from '../state/service/session.ts'
import { Button } from '../ui/button.tsx'
import { Menu } from '../ui/overlays/menu.tsx'

/** Which key, or person of the proxy in front, this page acts as; nothing where none is needed. */
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
  const { key, person } = session() ?? {}
  const name = key?.name ?? person
  if (name == null) return null
  const items = [
    { label: 'What it may do', act: () => go('/settings') },
    { label: 'Keys', act: () => go('/keys') },
    // The proxy would sign its person in again.
    ...(key
      ? [{ label: 'Sign out', apart: true, act: () => signOut().catch((error: Error) => tell(error.message, true)) }]
      : [])
  ]
  return <Menu icon="key" label={name} items={items} />
}
