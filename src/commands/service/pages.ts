import { Unreachable } from '../failures.ts'
import { placeOf } from './address.ts'
import type { Service } from './service.ts'

export interface Page<Item> {
  items: Item[]
  next_cursor?: string | null
  searched_until?: string | null
}

type Query = Record<string, string | number | boolean | undefined>

// What the API answers at most.
const largest = 1_000

/** The first items of a list, from as many pages as it takes. */
export async function readPages<Item>(service: Service, path: string, query: Query = {}): Promise<Page<Item>> {
  const { limit = 50, ...filters } = query as Query & { limit?: number }
  let left = limit
  let page: Page<Item> | undefined
  for (let cursor = filters.cursor as string | undefined; ; ) {
    const next = await service.get<Page<Item>>(path, asTexts({ ...filters, cursor, limit: Math.min(left, largest) }))
    checkList(service, path, next)
    page = { ...next, items: [...(page?.items ?? []), ...next.items] }
    left -= next.items.length
    cursor = next.next_cursor ?? undefined
    if (left <= 0 || cursor === undefined || next.items.length === 0) return page
  }
}

/** A list without pages. */
export async function readAll<Item>(service: Service, path: string): Promise<Page<Item>> {
  const page = await service.get<Page<Item>>(path)
  checkList(service, path, page)
  return page
}

/** What to type for more. */
export function restOf({ items, next_cursor, searched_until }: Page<unknown>): string | undefined {
  if (searched_until) return `Searched back to ${searched_until}; --cursor ${next_cursor} goes on from there`
  return next_cursor
    ? `There are more: --limit ${items.length * 10} shows more, --cursor ${next_cursor} the next`
    : undefined
}

function checkList(service: Service, path: string, page: Page<unknown> | undefined) {
  if (Array.isArray(page?.items)) return
  throw new Unreachable(
    `${placeOf(service.base)} answers ${path} with something else than a list: it is another service`
  )
}

function asTexts(query: Query) {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, typeof value === 'boolean' ? String(value) : value])
  )
}
