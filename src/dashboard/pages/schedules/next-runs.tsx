import { useEffect, useState } from 'preact/hooks'
import { ApiError, request } from '../../state/service/api.ts'
import type { Preview } from '../../state/service/shapes.ts'
import { type Draft, timingOf } from '../../words/schedules/draft.ts'
import { PreviewList } from './preview-list.tsx'

// Milliseconds after the last key.
const pause = 250

/** The next occurrences as one types, by the rule of the server. */
export function NextRuns({ draft }: { draft: Draft }) {
  const asked = JSON.stringify({ ...timingOf(draft), count: 10 })
  const [preview, setPreview] = useState<Preview | undefined>()
  const [wrong, setWrong] = useState<string | undefined>()
  useEffect(() => {
    const giveUp = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const { signal } = giveUp
        setPreview(await request<Preview>('POST', '/api/schedules/preview', { body: JSON.parse(asked), signal }))
        setWrong(undefined)
      } catch (error) {
        if (giveUp.signal.aborted || !(error instanceof ApiError)) return
        setWrong(error.errors[0] ? `${error.errors[0].field} ${error.errors[0].message}` : error.message)
      }
    }, pause)
    return () => {
      clearTimeout(timer)
      giveUp.abort()
    }
  }, [asked])
  return (
    <section class="card" aria-live="polite">
      <h2>Next occurrences</h2>
      {wrong ? <p class="bad breaks">{wrong}</p> : <PreviewList preview={preview} />}
    </section>
  )
}
