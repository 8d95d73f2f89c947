import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Finding, Problem } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs, CopyButton } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Json } from '../../ui/json.tsx'
import { Page } from '../../ui/page.tsx'
import { Problems } from '../../ui/problems.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { curlText } from '../../words/copy.ts'

export function Doctor() {
  const found = useQuery<{ items: Finding[]; checked: string[] }>('/api/doctor', 60)
  const problems = useQuery<{ items: Problem[] }>('/api/problems', 5).data.value?.items ?? []
  const findings = found.data.value?.items
  return (
    <Page
      title="Doctor"
      busy={!findings && !found.error.value}
      actions={
        <>
          <Button icon="retry" onClick={() => found.refresh()}>
            Look again
          </Button>
          <CopyAs
            curl={curlText(serviceAddress, 'GET', '/api/doctor')}
            cli="scripts/darkroom doctor"
            sql={'select * from ops.locks;\nselect * from ops.sizes;'}
          />
        </>
      }
    >
      <Refused query={found} />
      {!findings && !found.error.value && <Waiting />}
      {findings?.length === 0 && <Empty title="Nothing found: database, disk, clocks and tools are well" />}
      {findings && <Findings findings={findings} />}
      {found.data.value && (
        <p class="soft section">
          Checked: {found.data.value.checked.join(', ')}. As SQL: <span class="mono">ops.locks</span>,{' '}
          <span class="mono">ops.sizes</span>, <span class="mono">ops.stuck_tasks</span>.
        </p>
      )}
      {/* Last: problems come and go while the findings are read. */}
      {problems.length > 0 && (
        <section aria-label="Problems">
          <Problems problems={problems} />
        </section>
      )}
    </Page>
  )
}

/** Each with its reason, its remedy and what was seen. */
function Findings({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul class="findings" aria-label="Findings">
      {findings.map(finding => (
        <li key={finding.code} class={`problem ${finding.severity}`}>
          <Icon name="doctor" />
          <div class="problem-text">
            <h2 class="breaks">{finding.what}</h2>
            <p class="breaks">{finding.why}</p>
            <div class="fix">
              <pre>{finding.fix}</pre>
              <CopyButton text={finding.fix} label="Copy the remedy" />
            </div>
            {Object.keys(finding.evidence).length > 0 && (
              <details>
                <summary>Evidence</summary>
                <Json value={finding.evidence} label="evidence" />
              </details>
            )}
            <p class="soft">
              {finding.severity}, {finding.code}
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}
