import type { Pool } from 'pg'
import { countKeys } from './queries.ts'

/** Without a key everything is open: AUTH=off, or AUTH=auto on loopback as long as there is no key. */
export type OpensWithoutKeys = 'always' | 'until the first key' | 'never'

/** Whether requests need a key. `onClosed` is called when the first one is made. */
export async function opennessOf(pool: Pool, opens: OpensWithoutKeys, onClosed: () => void) {
  let isOpen = opens === 'always'
  if (opens === 'until the first key') isOpen = !(await countKeys(pool)).some

  return {
    isOpen: () => isOpen,
    async look() {
      if (opens !== 'until the first key') return
      // Without an answer it stays as it is.
      const { some } = await countKeys(pool).catch(() => ({ some: !isOpen }))
      if (isOpen && some) onClosed()
      isOpen = !some
    }
  }
}
