import { query } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Page, ProblemRecord } from '../../state/service/shapes.ts'
import { Paging } from '../../ui/paging.tsx'
import { SubjectLink } from '../../ui/subject-link.tsx'
import { Ago, Span } from '../../ui/time.tsx'
import { plural } from '../../words/number.ts'

/** Problems that have closed, the newest first. */
export function Past() {
  const cursor = query.value.get('cursor')
  const place = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
  const page = useQuery<Page<ProblemRecord>>(`/api/problems/history?state=closed&limit=20${place}`, 10).data.value
  return (
    <section class="section" aria-labelledby="past">
      <h2 id="past">Over</h2>
      {page?.items.length === 0 && <p class="soft">No problem has opened and closed yet.</p>}
      <ul class="entries" aria-label="Problems that are over">
        {page?.items.map(record => (
          <Row key={record.id} record={record} />
        ))}
      </ul>
      <Paging page={page} />
    </section>
  )
}

function Row({ record }: { record: ProblemRecord }) {
  const { code, sentence, severity, subject, opened_at, gone_at, flaps, told_at } = record
  return (
    <li class="entry past">
      <div class="entry-name">
        <span class="breaks">{sentence}</span>
        <span class="soft breaks">
          {severity}, {code}
          <SubjectLink subject={subject} />
          {told_at === null && ' · webhooks were not told'}
          {flaps > 0 && ` · came back ${plural(flaps, 'time')}`}
        </span>
      </div>
      <span class="soft">
        <Ago time={opened_at} />, for <Span from={opened_at} to={gone_at} />
      </span>
    </li>
  )
}
