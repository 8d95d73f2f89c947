import { useEffect } from 'preact/hooks'
import type { ApiError } from '../state/service/api.ts'
import { barred } from '../state/service/door.ts'
import type { Query } from '../state/service/query.ts'
import { Button } from '../ui/button.tsx'
import { CopyBox } from '../ui/copy-box.tsx'
import { Page } from '../ui/page.tsx'

const command = 'scripts/darkroom key create --preset admin'

/** Whether the API refuses all that comes from here, which one question tells that every page asks. */
export function useBarred({ error }: Query<unknown>): ApiError | undefined {
  const refused = error.value?.code === 'OPEN_TO_THIS_MACHINE' ? error.value : undefined
  useEffect(() => {
    barred.value = refused !== undefined
  }, [refused])
  return refused
}

/** Instead of each page, whose parts would all say the same. */
export function Barred({ error, query }: { error: ApiError; query: Query<unknown> }) {
  const [, client] = /for ([\da-f.:]+),/i.exec(error.message) ?? []
  return (
    <Page
      title="Closed to public addresses"
      actions={
        <Button icon="retry" onClick={() => query.refresh()}>
          Try again
        </Button>
      }
    >
      <div class="barred" role="alert">
        <p>
          This service has no key yet, and a proxy sends your requests for{' '}
          {client ? <span class="mono">{client}</span> : 'a public address'}. The API refuses them all, so nothing can
          be seen or changed from here. Requests of its own machine and its private network are answered as before, and
          tasks go on.
        </p>
        <h2>What mends it</h2>
        <p>Make a key on the machine of the service; this page then asks for it:</p>
        <CopyBox label="Command" text={command} />
        <p>
          Or, if the proxy itself asks for a password, start the API with <span class="mono">AUTH=off</span>.
        </p>
        <p class="soft breaks">
          {error.code}
          {error.requestId && `, request ${error.requestId}`}. This page looks again every 15 seconds.
        </p>
      </div>
    </Page>
  )
}
