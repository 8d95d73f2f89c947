import { computed, signal } from '@preact/signals'
import { pageAddress } from './base.ts'

interface Place {
  /** Below /ui: "/tasks/<id>". */
  path: string
  query: URLSearchParams
}

const place = signal(read())

function read(): Place {
  const root = pageAddress('/')
  const path = location.pathname.slice(root.length).replace(/\/+$/, '')
  return { path: path === '' ? '/' : path, query: new URLSearchParams(location.search) }
}

export const path = computed(() => place.value.path)
export const query = computed(() => place.value.query)

/** "/tasks?status=FAILED" as the address of a link. */
export function href(to: string): string {
  const [path = '/', search] = to.split('?')
  return pageAddress(path) + (search ? `?${search}` : '')
}

/** The same page with other parameters; those that are undefined go. */
export function withQuery(changes: Record<string, string | undefined>, to = path.value): string {
  const next = new URLSearchParams(to === path.value ? query.value : undefined)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name)
    else next.set(name, value)
  }
  // Names, times and ids stay readable.
  const search = next.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')
  return search ? `${to}?${search}` : to
}

export function go(to: string, { replace = false } = {}) {
  const address = href(to)
  const isSame = address === location.pathname + location.search
  if (replace || isSame) history.replaceState(history.state, '', address)
  else {
    keepScroll()
    history.pushState({}, '', address)
  }
  const before = place.peek().path
  place.value = read()
  if (before !== place.peek().path) arrive()
}

// The new page begins at its top, and a screen reader reads its heading.
function arrive() {
  requestAnimationFrame(() => {
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true })
  })
}

function keepScroll() {
  history.replaceState({ ...history.state, scroll: scrollY }, '')
}

history.scrollRestoration = 'manual'
addEventListener('popstate', ({ state }) => {
  const before = place.peek().path
  place.value = read()
  if (before === place.peek().path) return
  const wanted = Number(state?.scroll) || 0
  requestAnimationFrame(() => setTimeout(() => scrollTo(0, wanted)))
})

/** Links of the dashboard change the page; those with a modifier, and all others, are the browser's. */
addEventListener('click', event => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const link = (event.target as Element | null)?.closest?.('a')
  if (!link || link.target || link.hash || link.hasAttribute('download') || link.origin !== location.origin) return
  const root = pageAddress('/')
  if (link.pathname !== root && !link.pathname.startsWith(`${root}/`)) return
  event.preventDefault()
  go(link.pathname.slice(root.length) + link.search)
})
