import { computed, signal } from '@preact/signals'
import { pageAddress } from '../service/base.ts'

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
  else keepScrollSoon()
}

// The new page begins at its top, and a screen reader reads its heading.
function arrive() {
  returning?.abort()
  returning = undefined
  requestAnimationFrame(() => {
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true })
  })
}

interface Kept {
  scroll?: number
  /** Rows of its list. */
  rows?: number
}

/** What an entry of the history keeps for the way back and for a reload. */
export function kept(): Kept {
  return history.state ?? {}
}

export function keep(part: Kept) {
  history.replaceState({ ...history.state, ...part }, '')
}

// Milliseconds: browsers limit how often an entry changes; and for which a page may grow to its height.
const calm = 200
const longest = 10_000
let keeping: ReturnType<typeof setTimeout> | undefined
let returning: AbortController | undefined

function keepScroll() {
  clearTimeout(keeping)
  if (!returning) keep({ scroll: scrollY })
}

function keepScrollSoon() {
  clearTimeout(keeping)
  keeping = setTimeout(keepScroll, calm)
}

/** Scrolls to where the entry was left, as soon as the page has that height; unless the user moves before. */
function returnToPlace() {
  returning?.abort()
  const { scroll = 0 } = kept()
  const mine = new AbortController()
  returning = mine
  const over = () => {
    mine.abort()
    if (returning === mine) returning = undefined
  }
  for (const moved of ['wheel', 'keydown', 'pointerdown', 'touchstart']) {
    addEventListener(moved, over, { signal: mine.signal, passive: true })
  }
  const end = Date.now() + longest
  const look = () => {
    if (mine.signal.aborted) return
    scrollTo(0, scroll)
    if (Math.abs(scrollY - scroll) <= 1 || Date.now() > end) over()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(() => setTimeout(look))
}

history.scrollRestoration = 'manual'
addEventListener('scroll', keepScrollSoon, { passive: true })
addEventListener('popstate', () => {
  clearTimeout(keeping)
  const before = place.peek().path
  place.value = read()
  if (before !== place.peek().path) returnToPlace()
})
returnToPlace()

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
