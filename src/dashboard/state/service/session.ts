import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { missing, type Need } from '../../words/rights.ts'
import { request } from './api.ts'
import { pageAddress } from './base.ts'
import { closed } from './door.ts'
import { refreshAll, useQuery } from './query.ts'
import type { Session } from './shapes.ts'

const path = '/api/session'
const known = signal<Session | undefined>(undefined)
/** Whether the dialog is open that asks for a key. */
export const signingIn = signal(false)

effect(() => {
  signingIn.value = closed.value
})

/** Which key is signed in; undefined until the API has said so. */
export function session() {
  return known.value
}

/** Keeps it up to date; for the frame alone. */
export function useSession() {
  const found = useQuery<Session>(path, 60)
  useEffect(
    () =>
      effect(() => {
        known.value = found.data.value
      }),
    [found]
  )
}

/** The scope that an act needs and the session lacks. The API decides; this only says it before. */
export function lacks(need: Need | undefined) {
  return need === undefined || !known.value ? undefined : missing(known.value.scopes, need)
}

/** The key goes to the API and is not kept: what the browser has is a cookie that no script can read. */
export async function signIn(key: string) {
  known.value = await request<Session>('POST', path, { body: { key } })
  reopen()
}

export async function signOut() {
  await request('DELETE', path)
  location.assign(pageAddress('/'))
}

function reopen() {
  closed.value = false
  void refreshAll()
}

/** Another tab of this browser may have signed in. */
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && closed.peek()) request('GET', path).then(reopen, () => {})
})
