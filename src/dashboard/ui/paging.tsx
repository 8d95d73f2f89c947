import { href, query, withQuery } from '../state/browser/route.ts'
import type { Page } from '../state/service/shapes.ts'

/** To older lines and back; the address has the place. */
export function Paging({ page }: { page: Page<unknown> | undefined }) {
  const back = query.value.has('cursor')
  if (!page || (page.next_cursor === null && !back)) return null
  return (
    <nav class="buttons section" aria-label="Older and newer">
      {back && (
        <a class="button" href={href(withQuery({ cursor: page.prev_cursor ?? undefined }))}>
          Newer
        </a>
      )}
      {page.next_cursor && (
        <a class="button" href={href(withQuery({ cursor: page.next_cursor }))}>
          Older
        </a>
      )}
    </nav>
  )
}
