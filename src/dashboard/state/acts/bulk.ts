import { kept } from '../browser/kept.ts'

/** Operations that were begun in this browser and are still shown in the tray, by their ids: a reload keeps them. */
const ids = kept<readonly string[]>('bulk', [], stored =>
  Array.isArray(stored) ? stored.filter(id => typeof id === 'string').slice(-most) : []
)
// Rows of the tray.
const most = 5

export const followed = () => ids.read()

export function followOperation(id: string) {
  ids.change([...ids.read().filter(each => each !== id), id].slice(-most))
}

export function dropOperation(id: string) {
  ids.change(ids.read().filter(each => each !== id))
}
