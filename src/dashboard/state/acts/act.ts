import { signal } from '@preact/signals'
import { ApiError, type Ask, request } from '../service/api.ts'
import { refreshAll } from '../service/query.ts'

export interface Notice {
  text: string
  bad: boolean
}

/** One sentence about the last act, which is also spoken. */
export const notice = signal<Notice | undefined>(undefined)
let hiding: ReturnType<typeof setTimeout> | undefined

export function tell(text: string, bad = false) {
  notice.value = { text, bad }
  clearTimeout(hiding)
  hiding = setTimeout(
    () => {
      notice.value = undefined
    },
    bad ? 12_000 : 5_000
  )
}

/** Sends it, says what came of it, and looks again. Never optimistic: what is shown is what the server says. */
export async function act<T>(
  done: string | ((answer: T) => string),
  method: string,
  path: string,
  options?: Ask
): Promise<T | undefined> {
  try {
    const answer = await request<T>(method, path, options)
    tell(typeof done === 'string' ? done : done(answer))
    void refreshAll()
    return answer ?? ({} as T)
  } catch (error) {
    tell(error instanceof ApiError ? sentenceOf(error) : String(error), true)
    void refreshAll()
    return undefined
  }
}

export function sentenceOf({ message, code, requestId }: ApiError): string {
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} (${code}${requestId ? `, request ${requestId}` : ''})`
}
