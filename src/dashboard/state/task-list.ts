import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { keep, kept, query } from './browser/route.ts'
import { readSetting } from './browser/settings.ts'
import { ApiError, request } from './service/api.ts'
import { heard, missed } from './service/connection.ts'
import { isLive, showList } from './service/live.ts'
import type { Task, TaskPage } from './service/shapes.ts'

const pageSize = 100
// Rows of one answer, and rows that a reload brings back.
const largestPage = 1000
const mostKept = 5000
// Seconds between looks at the newest page; where changes are pushed only rows that leave the filter are found by it.
const pace = 3
const paceWhenLive = 10

/**
 * Tasks that fit a filter, page after page. Rows that are shown are replaced in place, and stay where they are: new
 * ones wait until the user asks for them.
 */
export class TaskList {
  readonly rows = signal<Task[]>([])
  readonly fresh = signal<Task[]>([])
  /** Rows that no longer fit the filter. */
  readonly gone = signal<ReadonlySet<string>>(new Set())
  readonly loading = signal(true)
  readonly error = signal<ApiError | undefined>(undefined)
  readonly cursor = signal<string | null>(null)
  readonly searchedUntil = signal<string | null>(null)
  readonly loaded = signal(false)
  private readonly search: string
  private readonly newestFirst: boolean
  private askedAt = 0
  private asking: Promise<unknown> | undefined
  private wantsMore = false
  private closed = false

  constructor(search: string) {
    this.search = search
    this.newestFirst = !/(^|&)order=(?!newest)/.test(search)
  }

  /** As many rows as there were before a reload: first the page that the document asked for while scripts came. */
  async load(count = pageSize) {
    const page = await this.ask()
    if (!page) return
    this.rows.value = page.items
    this.fresh.value = []
    this.gone.value = new Set()
    this.end(page)
    this.loaded.value = true
    while (this.rows.peek().length < Math.min(count, mostKept) && (await this.more(largestPage)));
  }

  /** Answers whether there were more. */
  async more(count = pageSize): Promise<boolean> {
    if (this.wantsMore) return false
    this.wantsMore = true
    // Refused meanwhile, a reader at the end would wait for ever: nothing asks again there.
    await this.asking
    this.wantsMore = false
    const cursor = this.cursor.peek()
    if (cursor === null) return false
    const page = await this.ask(cursor, count)
    if (!page) return false
    const known = new Set(this.rows.peek().map(({ id }) => id))
    this.rows.value = [...this.rows.peek(), ...page.items.filter(({ id }) => !known.has(id))]
    this.end(page)
    return page.items.length > 0
  }

  /** The newest page again: rows in it are replaced, unknown ones wait. */
  async look() {
    if (this.asking || !this.loaded.peek()) return
    const page = await this.ask()
    if (!page) return
    if (this.rows.peek().length === 0 || !this.newestFirst) {
      this.rows.value = this.rows.peek().length <= pageSize ? page.items : this.merged(page.items)
      if (this.rows.peek() === page.items) this.end(page)
      return
    }
    const known = new Set(this.rows.peek().map(({ id }) => id))
    this.fresh.value = page.items.filter(({ id }) => !known.has(id))
    this.rows.value = this.merged(page.items)
    this.greyOut(page)
  }

  /** New ones have come. Once a page of them waits, another look would show nothing else. */
  async lookForNew() {
    if (this.fresh.peek().length < pageSize) await this.look()
  }

  /** Puts the waiting rows on top. With more than a page of them the list is loaded again. */
  async showNew() {
    const fresh = this.fresh.peek()
    if (fresh.length >= pageSize) return this.load()
    this.rows.value = [...fresh, ...this.rows.peek()]
    this.fresh.value = []
  }

  /** What an act has answered. */
  put(task: Task) {
    this.rows.value = this.merged([task])
  }

  tick() {
    if (this.closed || document.hidden || !readSetting('live')) return
    const failed = this.error.peek()
    const wait = failed?.isOutage ? (failed.retryAfter ?? 2) : isLive() ? paceWhenLive : pace
    if (Date.now() - this.askedAt < wait * 1000) return
    void (this.loaded.peek() ? this.look() : this.load())
  }

  /** Rows in which something has changed; they come without args and result. */
  patch(tasks: Partial<Task>[]) {
    const byId = new Map(tasks.map(task => [task.id, task]))
    this.rows.value = this.rows.peek().map(row => (byId.has(row.id) ? { ...row, ...byId.get(row.id) } : row))
  }

  /** Shown, perhaps again on the way back: its rows are where they were. */
  reopen() {
    if (!this.closed) return
    this.closed = false
    void (this.loaded.peek() ? this.look() : this.load())
  }

  close() {
    this.closed = true
  }

  private merged(tasks: Task[]) {
    const byId = new Map(tasks.map(task => [task.id, task]))
    return this.rows.peek().map(row => byId.get(row.id) ?? row)
  }

  private greyOut(page: TaskPage) {
    const here = new Set(page.items.map(({ id }) => id))
    const last = page.items.at(-1)
    const rows = this.rows.peek()
    const end = page.next_cursor === null || !last ? rows.length : rows.findIndex(({ id }) => id === last.id)
    const gone = rows.slice(0, Math.max(0, end)).filter(({ id }) => !here.has(id))
    this.gone.value = new Set(gone.map(({ id }) => id))
  }

  private end(page: TaskPage) {
    this.cursor.value = page.next_cursor
    this.searchedUntil.value = page.searched_until ?? null
  }

  private ask(cursor?: string, limit = pageSize): Promise<TaskPage | undefined> {
    const answer = this.read(cursor, limit)
    this.asking = answer
    return answer
  }

  private async read(cursor: string | undefined, limit: number): Promise<TaskPage | undefined> {
    this.askedAt = Date.now()
    this.loading.value = true
    try {
      const search = [`limit=${limit}`, this.search, cursor && `cursor=${encodeURIComponent(cursor)}`]
      const page = await request<TaskPage>('GET', `/api/tasks?${search.filter(Boolean).join('&')}`)
      this.error.value = undefined
      heard()
      return this.closed ? undefined : page
    } catch (error) {
      this.error.value = error instanceof ApiError ? error : new ApiError(undefined, { detail: String(error) })
      if (this.error.peek()!.isOutage) missed()
      return undefined
    } finally {
      this.asking = undefined
      this.loading.value = false
    }
  }
}

let last: { key: string; list: TaskList } | undefined

/**
 * The list of a filter; `key` names the filter without the moment that its relative times are counted from. On the way
 * back it is as it was left, and after a reload as long as it was.
 */
export function useTaskList(search: string, key: string): TaskList {
  const list = useMemo(() => {
    if (kept().rows && last?.key === key) return last.list
    const made = new TaskList(search)
    // Before anything else of the page asks, and before the page is drawn without it.
    void made.load(kept().rows)
    return made
  }, [search])
  useEffect(() => {
    last = { key, list }
    list.reopen()
    const timer = setInterval(() => list.tick(), 500)
    const hide = showList({
      search,
      ids: idsInSight,
      changed: tasks => list.patch(tasks),
      more: () => void list.lookForNew()
    })
    return () => {
      clearInterval(timer)
      hide()
      list.close()
    }
  }, [list])
  const count = list.rows.value.length
  useEffect(() => {
    if (count > 0) keep({ rows: count })
  }, [list, count, query.value])
  return list
}

/** Of the rows that are drawn. */
function idsInSight() {
  return Array.from(document.querySelectorAll<HTMLElement>('tr[data-id]'), row => row.dataset.id!)
}
