import { useAbout } from '../../state/service/about.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Worker } from '../../state/service/shapes.ts'
import { since } from '../../state/service/time.ts'
import { At } from '../../ui/time.tsx'
import { bytesText, plural } from '../../words/number.ts'
import { durationText } from '../../words/time.ts'

/** Which installation this is, for reports of faults and for operators of several. */
export function AboutCard() {
  const about = useAbout()
  const workers = useQuery<{ items: Worker[] }>('/api/workers', 10).data.value?.items ?? []
  const running = workers.filter(({ status }) => status === 'running')
  const others = [...new Set(running.map(({ version }) => version))].filter(version => version !== about?.version)
  return (
    <section class="section about" aria-label="This installation" aria-busy={!about}>
      <h2>This installation</h2>
      <dl class="facts">
        <dt>Environment</dt>
        <dd>{about?.environment ?? <span class="soft">has no name (setting ENVIRONMENT)</span>}</dd>
        <dt>Address</dt>
        <dd class="mono">{serviceAddress}</dd>
        <dt>Host</dt>
        <dd>{about?.host}</dd>
        <dt>Version</dt>
        <dd>
          {about && `Darkroom ${about.version}, Node.js ${about.node}`}
          {others.length > 0 && <span class="bad"> Workers run {others.join(', ')}.</span>}
        </dd>
        <dt>Up for</dt>
        <dd>
          {about && (
            <>
              {durationText(since(about.started_at))} <span class="soft">since</span> <At time={about.started_at} />
            </>
          )}
        </dd>
        <dt>Workers</dt>
        <dd>{plural(running.length, 'worker')}</dd>
        <dt>Database</dt>
        <dd>{about && `Postgres ${about.postgres}, ${bytesText(about.database_bytes)}`}</dd>
      </dl>
    </section>
  )
}
