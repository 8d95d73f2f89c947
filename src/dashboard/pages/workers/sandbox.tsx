import type { Worker } from '../../state/service/shapes.ts'
import { Empty } from '../../ui/said.tsx'
import { Ago } from '../../ui/time.tsx'

/** What keeps ffmpeg in on the worker's machine, as the worker has proved it, and what is missing. */
export function Sandbox({ sandbox }: { sandbox: Worker['media_sandbox'] }) {
  if (!sandbox) return <Empty title="It has not said yet what keeps ffmpeg in" />
  const { files, network, user, proved_at, missing, hardware } = sandbox
  return (
    <>
      <dl class="facts">
        <dt>Files</dt>
        <dd>{files ? `kept from ffmpeg by ${files}` : 'open to ffmpeg'}</dd>
        <dt>Network</dt>
        <dd>{network ? `kept from ffmpeg by ${network}` : 'open to ffmpeg'}</dd>
        <dt>User</dt>
        <dd>{user === 'own' ? 'one of its own' : 'that of the worker'}</dd>
        <dt>Proved</dt>
        <dd>{proved_at ? <Ago time={proved_at} /> : 'no'}</dd>
        {hardware && (
          <>
            <dt>Encoders in hardware</dt>
            <dd>{hardware.encoders.join(', ') || `none works: ${hardware.failures.join('; ')}`}</dd>
          </>
        )}
      </dl>
      {missing.map(({ layer, why, how }) => (
        <p key={layer} class="why">
          <b>{layer}</b>: {why}. {how}.
        </p>
      ))}
    </>
  )
}
