import { act } from '../../state/acts/act.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Silence } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Ago } from '../../ui/time.tsx'

/** What webhooks are not told of, with the button that ends it; nothing where there is none. */
export function Silences() {
  const silences = useQuery<{ items: Silence[] }>('/api/problems/silences', 5).data.value?.items ?? []
  if (silences.length === 0) return null
  return (
    <section class="section" aria-labelledby="silences">
      <h2 id="silences">Silenced</h2>
      <ul class="entries" aria-label="Silences">
        {silences.map(({ id, code, subject, until, reason, created_by }) => (
          <li key={id} class="entry past">
            <div class="entry-name">
              <span class="breaks">
                <span class="mono">{code}</span>
                {subject ? ` of ${subject.type} ${subject.id}` : ' of every subject'}
              </span>
              <span class="soft breaks">
                {reason ?? 'no reason given'}
                {created_by && `, by ${created_by}`}
              </span>
            </div>
            <span class="soft">
              ends <Ago time={until} />
            </span>
            <div class="buttons">
              <Button
                needs="removeSilence"
                onClick={() => act('Webhooks are told of it again', 'DELETE', `/api/problems/silences/${id}`)}
              >
                End<span class="only-heard"> the silence of {code}</span>
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
