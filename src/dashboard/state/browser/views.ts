import { filterNames } from '../../words/tasks/filter.ts'
import { kept } from './kept.ts'

/** A named question to the list of tasks. Its query is that of the page, so that its address can be sent to others. */
export interface View {
  name: string
  search: string
}

/** Relative times stay relative. */
export const givenViews: readonly View[] = [
  { name: 'Failed, 24 h', search: 'status=FAILED&created_after=-24h' },
  { name: 'Running, longest first', search: 'status=PROCESSING&order=longest' },
  { name: 'Retried at least once', search: 'attempts_min=2&created_after=-24h' }
]

const most = 50
const own = kept<View[]>('darkroom.views', [], stored =>
  Array.isArray(stored)
    ? stored.filter(({ name, search }) => typeof name === 'string' && typeof search === 'string')
    : []
)

export const ownViews = own.read

/** One of the same name is replaced. */
export function saveView(view: View) {
  own.change([...own.read().filter(({ name }) => name !== view.name), view].slice(-most))
}

export function removeView(name: string) {
  own.change(own.read().filter(view => view.name !== name))
}

/** What of a page's address is the question: filters and order. */
export function searchOfView(query: URLSearchParams): string {
  const search = new URLSearchParams()
  for (const name of [...filterNames, 'q', 'order'].sort()) {
    const value = query.get(name)
    if (value) search.set(name, value)
  }
  return search.toString()
}

/** The view that is shown, if it has a name. */
export function viewNow(query: URLSearchParams): View | undefined {
  const now = searchOfView(query)
  if (now === '') return undefined
  return [...own.read(), ...givenViews].find(({ search }) => searchOfView(new URLSearchParams(search)) === now)
}
