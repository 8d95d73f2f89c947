import { useState } from 'preact/hooks'
import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Problem } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { Problems } from '../../ui/problems.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { curlText } from '../../words/copy.ts'
import { Past } from './past.tsx'
import { SilenceDialog } from './silence.tsx'
import { Silences } from './silences.tsx'

/** What is wrong now, what was, and what webhooks are not told of. */
export function ProblemsPage() {
  const found = useQuery<{ items: Problem[] }>('/api/problems', 5)
  const [silenced, setSilenced] = useState<Problem>()
  const problems = found.data.value?.items
  return (
    <Page
      title="Problems"
      busy={!problems && !found.error.value}
      actions={
        <>
          <a class="button" href={href('/webhooks')}>
            <Icon name="webhooks" />
            <span>Alerts by webhook</span>
          </a>
          <CopyAs
            curl={curlText(serviceAddress, 'GET', '/api/problems')}
            cli="scripts/darkroom problem list"
            sql="select * from ops.problems order by opened_at desc limit 100;"
          />
        </>
      }
    >
      <Refused query={found} />
      {!problems && !found.error.value && <Waiting />}
      {problems?.length === 0 && (
        <Empty title="All is well">
          <p>
            What goes wrong is shown here, and <a href={href('/webhooks')}>webhooks</a> of the types{' '}
            <span class="mono">problem.opened</span> and <span class="mono">problem.closed</span> are told of it.
          </p>
        </Empty>
      )}
      {problems && problems.length > 0 && (
        <section aria-label="Now">
          <Problems
            problems={problems}
            more={problem => (
              <Button icon="mute" needs="silenceProblem" onClick={() => setSilenced(problem)}>
                Silence
                <span class="only-heard">
                  {' '}
                  {problem.code} of {problem.subject.id}
                </span>
              </Button>
            )}
          />
        </section>
      )}
      {problems && <Silences />}
      {problems && <Past />}
      {silenced && <SilenceDialog problem={silenced} close={() => setSilenced(undefined)} />}
    </Page>
  )
}
